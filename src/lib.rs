//! lifetide: what customers do goes in from Kafka; stage changes, lifetime values and marketing actions go out to Kafka, exactly once.
//!
//! This page is the map: where things are, what they must never do, and why they are as they are. What the program is for, and what it
//! promises to whom, is in `README.md`.
//!
//! # Bird's eye
//!
//! ```text
//! consumer -> event::decode -> worker merges by time -> engine::Slot (apply, tick) -> Outputs -> one Kafka transaction -> committed
//!    ^             | Reject -> dead letter                  ^ overlay                   blocks, offsets -'                 |
//!    '-- kafka     '-- pure                                 '---------------- rows are read on first touch ----------------'
//! ```
//!
//! A *slot* is partition i of all input topics together, and has one owner. A *worker* is one thread with one consumer, one transactional
//! producer and the slots assigned to it; workers share nothing but the committed state. The *engine* is a pure function of rows, events
//! and time; the worker is a state machine over two seams, `Source` and `Transaction`, of which librdkafka is one implementation and a
//! log in memory the other. So `replay` and the tests run the very code that `run` runs.
//!
//! # The rooms, in reading order
//!
//! | room | what is in it |
//! |---|---|
//! | `event` | foreign bytes to events (`Told`) or `Reject`; pure; `event/segment` is the format of nearly all records, `event/foreign` the door to the others, one file for each |
//! | `clv` | the mathematics: purchase models, Gamma-Gamma, the forecast, textbook formulas, segments, fits, back-tests; pure; each formula with its source |
//! | `engine` | what an event or a deadline means for a customer; rows, overlay, timers, committed state; pure. Begin with `slot`, `apply`, `deadline` |
//! | `worker` | the loop: take, merge, apply, make durable, publish; restore and recovery; slots of others kept ready (`standby`, `follow`); its two seams. Begin with `step`, `commit`, `recovery`. `worker/offline`: what `state` does to slots nobody runs |
//! | `kafka` | the shell over librdkafka: consumer, producer, changelog reader, topics; a visitor that only looks, a feeder that writes inputs. It decides nothing. All `unsafe` is here |
//! | `deliver` | what becomes of an action, and every byte of a mail or request; pure. Its connections are `cli/deliver` |
//! | `config` | layers of text to a checked `Config`; every bad key is named, no secret can be printed |
//! | `metrics` | every metric: name, unit, help, labels |
//! | `http` | `/metrics`, `/livez`, `/readyz` (`deliver` has these, too), the API over committed state, the live page, admin actions, and the guards of both, on a thread of its own; it is handed what it may reach |
//! | `avro` | outputs as Avro: a schema from a description, bytes from the engine's JSON; pure. The registry is asked by `cli/registry` |
//! | `schema` | how described types become JSON Schema; the rooms describe their own, `cli/schema` prints them all |
//! | `clock` | the only file that reads the clock |
//! | `cli` | one file for each subcommand; puts the rooms together; also the made-up shop of `demo` and `generate` |
//!
//! Who may use whom: `clv` uses no other room, `event` none but `schema`, which describes records where they are made; `engine` uses these; `deliver` uses none but `schema`, too; `config` uses all of these, since it fills their settings;
//! `worker` uses `engine`, `event` and `schema`, and alone calls the engine's decisions; `kafka` uses the worker's two seams and `avro`, which uses no room; `http` uses `metrics` and
//! may read `engine`'s committed state; `cli` sees everything. `tests/it/tidy.rs` enforces it, and the sizes of files and functions.
//!
//! # Invariants
//!
//! What is absent, on purpose:
//!
//! - **No async, clock, I/O, logging, metrics or randomness in `event`, `clv`, `engine` and `deliver`.** Effects are values (`Outputs`), time is an
//!   argument; what is remembered (`clv::disk`, `engine::cells`) is the answer that would be found again. Async exists in `http` and for signals, never in the path of an event; blocking calls belong on the worker's own thread.
//! - **No failing engine.** `apply` and `tick` are total: a refusal is an output with a reason. Bad input is data, a failing dependency
//!   is a typed error, a broken invariant ends its worker, which is built anew, and at the fifth in a row the process.
//! - **No map iteration order decides anything.** Same calls, same bytes, however they are cut into transactions.
//! - **No undo log, no dirty read.** Committed state never holds an uncommitted change; an abort drops the overlay.
//! - **No offset commit outside a transaction, no automatic commit, no jump to another offset.** Lost input stops the worker; only a person
//!   with a `state` command moves offsets, and then rows and offsets are one transaction, too.
//! - **No record for each customer in the changelog**, no compaction, no tombstones: blocks of rows, rolled over by ourselves.
//! - **No local disk state.** Memory and Kafka, nothing else; a lost machine is a restore.
//! - **No lock around a decision.** A slot has one owner; readers lock one region of committed rows for one look.
//! - **No float near money, time or counts outside `clv`.** Money is i64 minor units and a currency, sums are i128. Other rooms carry
//!   `clv`'s floats to the output; their own are shares (control arms, conditions on P(alive)),
//!   the changelog's ratio, seconds in metrics, and the money of gauges.
//! - **No effect of one customer on another but by a message.** Every event is about its key; what it means for others is told to them on the topic
//!   `relay`, in the same transaction. No row is read or written for an event of another key, not even in the same slot.
//! - **No personal data in logs and labels.** Dead letters quote the record, logs and metrics never do.
//! - **No list, queue, wait or retry without a bound**, a named constant with its reason. librdkafka's transaction calls alone wait as long as
//!   librdkafka does: a bound of ours would leave its state behind.
//!
//! What always holds:
//!
//! - Every transaction that writes a block of a slot also sends that slot's offsets, with the chain in their metadata.
//! - State is published after the commit is known to have happened, and dropped after it is known not to have.
//! - A slot is served only from a state that was proven: checksums, chain, coverage of the hash space, offsets. Else it is refused.
//! - A message changes the same facts whenever it comes, before or after its receiver's own events, once or twice. But for carts: what
//!   is taken out of one before it is known to be in there is in it again afterwards. And what a row tells of the past (the stages so far,
//!   the last decisions) is what was said at the time.
//! - Slot time never goes back; a deadline fires at its own time, with the values of that time, in order of (time, customer id).
//! - Formats stored in Kafka (rows, blocks, metadata, ids) carry a version or never change. Hash seeds are fixed for ever.
//!
//! # What bounds memory
//!
//! A burst waits in Kafka; between there and the rows, each queue has its bound:
//!
//! | what | bound | where |
//! |---|---|---|
//! | records fetched by a worker | 64 MiB, 120,000 records, and one answer of 32 MiB for each broker (beyond a thousand partitions: 64 KiB each) | `kafka::client` |
//! | arrivals taken of one input | 256 | `worker::turn` |
//! | one transaction's input | `commit.max_records`, `commit.max_bytes` | configuration |
//! | outputs before they are sent | those of 256 events and the rest of a record (1,000 at most), or 1024 deadlines | `worker::turn` |
//! | records being produced | 256 MiB; `send` waits for room, as long as a transaction may last | `kafka::client` |
//! | a slot being restored | 16 MiB of blocks, taken 4 MiB at a time, and its rows | `kafka::client`, `worker::recovery` |
//! | slots of others held ready | `state.max_bytes`, of which they are the first to go; 64 MiB of blocks fetched ahead (beyond 64 slots 1 MiB each), taken 1 MiB at a time | `worker::follow`, `kafka::client` |
//! | one customer | a row of some 75 KB, whatever they do; two entries in the queue of deadlines | `engine` |
//! | what ties a customer to others | 8 other ids, 32 referred customers; a chain of messages ends after 4 hops | `engine::ties`, `engine::relay` |
//! | carts decided about that a customer's row remembers | 16 | `engine::plays` |
//! | former stages that a customer's row remembers | 8 | `engine::stays` |
//! | last decisions that a customer's row remembers | `state.decisions_kept`, 50 at most; off unless asked for | `engine::timeline` |
//! | trace contexts a span links to | 128; further ones are counted | `cli::traces` |
//! | cells of a slot | 10,000; what is more is counted as `other` | `engine::cells` |
//! | places of cells remembered by a slot | 40,000, some hundred bytes each | `engine::cells::known` |
//! | series of the forecast remembered by a thread | 512, below 1 KB nearly always, 32 KB at most | `clv::disk` |
//! | answers over HTTP | 4 looks over many regions at a time, and 4 for other instances, each a region's rows at once; 64 instances asked, 64 MiB from each; 1,000 figures, 100 customers found by each; 16 who watch, one picture for all | `http::api` |
//! | actions of a slot that `deliver` reads ahead | 500, 4 MiB; and a mark, some hundred bytes, of each action until a week after it has expired | `deliver::queue`, `deliver::ledger` |
//! | all customers | `state.max_bytes`: what does not fit is not taken up | `worker::admission` |
//!
//! # Decisions
//!
//! **One transaction for each batch, with everything in it.** Outputs, dead letters, changelog blocks and input offsets of all slots a worker
//! touched become visible together. There is no second protocol that could disagree with the first. A transaction ends when
//! nothing more is waiting, or at `commit.interval_ms`, `max_records`, `max_bytes`: short when quiet, large and cheap under load. The price: one
//! slot's abort rewinds all slots of its worker that took part.
//!
//! **Overlay and committed map.** The overlay holds the rows the open transaction has changed, encoded, and only the customer at hand decoded:
//! in a large base nearly every event is about another customer, and thousands of decoded ones would only miss the cache. The same bytes
//! go into the changelog block and into the map. Abort is forgetting. The map is cut into regions by the hash of the customer, the unit of
//! locking, of changelog bases and of restore, so restore copies bytes and decodes no row; timers are rebuilt from the first field of each.
//!
//! **The changelog is a rolling snapshot with a chain.** A compacted record for each customer would cost a record for each event and leave
//! the restore at the mercy of the cleaner. Instead a transaction writes its changed rows as one delta, and now and then the full rows of the next
//! piece of the hash space as a base, as they were before it. One round of bases makes everything older superfluous; we delete it
//! (DeleteRecords). Each transaction's chain hashes the one before, the writer's nonce and the bodies: equal chains mean equal histories,
//! equal sequence numbers mean nothing, since two owners may each have written a number 7.
//!
//! **A slot held ready is a restore without a target.** What was given back, and what `standby` follows, lies aside: nobody is served from it, and
//! it proves nothing until its owner names the committed state. Then it is read on and checked as any restore; what does not fit is thrown
//! away and read from its start. So there is one way to bring a slot back, and the standby is merely where it begins.
//!
//! **Merge by time while lagging.** Carts and orders come on different topics. While any input of a slot has not been read to its end, the slot
//! takes the earliest head and waits for an input whose next record is unknown, so a catch-up after an outage sends no reminder that an
//! order further on calls off, and a loaded backlog has one order only. At the end of all inputs, time follows the wall clock by a grace;
//! while catching up it stays as far behind the moment the record was written. After standing still a worker looks at its inputs anew.
//!
//! **The state's name travels in the offsets' metadata.** `1 <seq> <chain> <restore start> <writer>` is committed atomically with the
//! offset it belongs to. It tells a new owner where to begin reading and what to arrive at, and after a commit of unknown outcome
//! it tells whether it happened: renew the producer, which ends the transaction, read the chain, publish or rewind. librdkafka repeats
//! EndTxn by itself and lacks KIP-890, so a doubtful commit is treated as unknown even when reported done.
//!
//! **Batches across the C boundary.** Records are taken from split partition queues by librdkafka's batch call and keep their bytes where the
//! client put them; events borrow from them. Commits go to the C function, because the crate's own waits 100 ms. Each `unsafe` states the
//! invariant it rests on. The crate stays for clients, callbacks and configuration.
//!
//! **Amounts are raw JSON text.** A parser that makes a float of `57.20` has lost before it began. Fields are kept as the text the shop
//! wrote and become minor units by integer arithmetic, rounded half to even where a shop's own floats left too many digits.
//!
//! **A record of several events is taken in one piece.** Mail providers post arrays, and a record has one offset. So its events are applied in one
//! transaction, in their order, after what was due before the earliest; what falls due between them waits for the last. The price: such a
//! mail knows a little more than it would have. Elements that are refused become dead letters by themselves, their number in a header. Output ids
//! count on behind the element's number, so they stay derived.
//!
//! **Who is erased leaves a mark that names nobody.** Late records, and inputs read again, would bring an erased customer back. So the slot keeps
//! a keyed hash of the id and the time of the erasure, as a row of its own kind: rows of customers keep their meaning, and a version that does
//! not know marks refuses them by name. The hash decides the mark's region, because the id's would give it away; so only who knows
//! the id finds the mark. A dead letter that was sent again is known by a mark, too: a record behind it in its own partition.
//!
//! **What all customers add up to is state like theirs.** A cell changes in the transaction of the event that moves it, is a row of its own kind, and
//! is written to its topic now and then, its last value only. A customer's row keeps what it last put into the cells, so that it can be taken
//! away again; nobody ever adds everybody up. Which cells were written is not stored: after a restart all are, and readers keep the last.
//!
//! **What customers mean for each other is an input of the slot that it is for.** A message is produced in its sender's transaction and
//! consumed in its receiver's, with its offset among those of the inputs, so it happens once and restore, repair and reslotting need to know
//! nothing of it. But nobody waits for it: it is taken as it comes, before the slot's own records, and moves no clock, or slots would wait for each
//! other in a circle. So what it does must commute: sums are cumulative and numbered, the latest word counts; a row that another id gives is taken
//! once for that id; a visitor's row becomes a mark that sends late events on; a circle of referrals is decided by times, not by who
//! is heard first. The group does not know the relay: its partition is assigned by ourselves beside those of the inputs, so instances
//! that know none can own slots beside ours, and slots speak only in rows that these could not read anyway. It is trimmed as far as no
//! state to go back to needs it: `state repair` finds again what it applies again, and others take what it says again for what it is. `state rebuild` says
//! nothing again, keeps ids given up that were (else their events would count twice), and loses what is no longer there.
//!
//! **Rows change their version at a place in the inputs.** A slot goes on in the rows of its history until a word among its inputs (`state
//! upgrade`) raises it: instances of two versions work side by side, and every owner raises it at the same event. What newer rows keep of a
//! score they get by scoring everybody anew, as for another model.
//!
//! **A value model takes over between two transactions.** It comes on a topic of its own that every process reads; a transaction is of one
//! model, and every record names it. Everybody is then scored anew, a piece in each transaction. How far that has come is stored nowhere: the
//! history names what everybody was scored with, and nothing from the first piece to the last, and whoever takes the slot over before that
//! begins again. A state that is mended, built anew or dealt out takes that name along.
//!
//! **Rules take over like models, and otherwise like a restart.** A reading of the configuration that is good as a whole is one value, handed to the
//! workers together with the models in force and taken up between two transactions. Rows keep what they know; nobody is gone through, so what
//! follows is what would follow from a restart: a customer meets the new rules at their next event or deadline. Keys that are held elsewhere
//! than in the rules (topics, time, cells, scores) refuse the reading, since half of a configuration is one that nobody wrote.
//!
//! **The API tells what is there.** It has no store and no index of its own: a question is a look at committed rows, told by the very code that writes
//! records and `state export`, so no two places can disagree. Each instance answers for its own slots. Whose the others are the group knows: members tell
//! their address in their client.id and their slots in their assignment, so redirects need no topic of ours that could be stale.
//!
//! **Traces are carried, spans are drawn beside them.** The context of an event goes on to what follows from it as it came, so its trace does not depend on how
//! lifetide was built. Spans (feature `otel`) link to their inputs. They are made of a worker's report after the commit, in `cli::traces`; only what follows from
//! no context, as what falls due by time does, carries that of the span. A transaction is what a worker does at a time, so there is one for each. A span for each
//! event would cost more than the event.
//!
//! **Schemas are asked of the code.** The macro that writes a struct says which fields are always there; the thing that reads a key says what
//! its value looks like; the topics are those of `topics plan`. What comes of it is committed under `docs`, so that a change of a contract
//! is seen in a review. utoipa describes the types already for the HTTP API, in OpenAPI 3.1, whose schemas are JSON Schema: a second derive
//! on the same structs could disagree with it.
//!
//! **Avro is made where records leave.** The engine writes JSON, and so do `replay` and all tests; the producer turns a value into Avro at the moment of
//! sending, if it was told to. So there is one form of a record to decide about, and who wants JSON pays nothing. The price: with Avro each value is parsed once more.
//!
//! **Ids are derived, never drawn.** A record's id is a hash of its cause (slot, topic, offset, index) or its deadline (customer, play, instance,
//! step, due time). Mailers deduplicate by it, a `cancel` can name a send long after, and `replay` can be compared with Kafka.
pub mod avro;
pub mod cli;
pub mod clock;
pub mod clv;
pub mod config;
pub mod deliver;
pub mod engine;
pub mod event;
pub mod http;
pub mod kafka;
pub mod metrics;
pub mod schema;
pub mod worker;
