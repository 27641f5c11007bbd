// The search for one customer: by id, or by the hash of an e-mail address, and what is told of them. Uses `ask`, `make`, `moment` and `money` of live.js.
"use strict";

const PAGES_MAX = 60;

/** A customer with this address, of any instance: an id, or null where nobody has it. */
async function idOf(address) {
  if (!crypto.subtle) throw new Error("browsers hash addresses only over https or on this machine: search by id");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(address.trim().toLowerCase()));
  const hash = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let after = "", missing = [], isWhole = false;
  for (let page = 0; page < PAGES_MAX; page++) {
    const found = await good(await ask(`/api/customers?email_sha256=${hash}${after}`));
    if (found.customers.length) return found.customers[0].customer_id;
    missing = missing.concat(found.missing);
    isWhole = !found.next;
    if (isWhole) break;
    after = `&after=${encodeURIComponent(found.next)}`;
  }
  if (!isWhole) throw new Error("not found so far, but not everybody was looked at: there are too many customers, search by id");
  if (missing.length) throw new Error(`not found, but not everybody was looked at: ${missing[0]}`);
  return null;
}

/** The value of a good answer; an error with its detail else. */
async function good(answer) {
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({ detail: `status ${answer.status}` }));
  throw new Error(problem.detail);
}

/** What of the page says in one sentence what was decided. */
function sentence({ kind, track, from, to, play, step, reason }) {
  if (kind === "transition") {
    return `${words(track)}: ${from ? `${words(from)} to ` : ""}${words(to)} because of ${words(reason)}`;
  }
  const due = kind === "suppressed" ? "not sent" : kind === "send" ? "to be sent" : "called off";
  return `${words(play)}, step ${step}: ${due} because of ${words(reason)}`;
}

function intention(play) {
  if (play.state === "off") return null;
  const waits = play.state === "waiting" ? `waits with step ${play.step} until ${moment(play.due_at)}` : "waits for its trigger";
  const outcome = play.refusals.length ? `would be refused: ${play.refusals.map(words).join(", ")}`
    : play.held_until ? `would be held until ${moment(play.held_until)}`
      : play.arm === "control" ? "would not be sent: control arm" : "would be sent";
  return `${words(play.play)} ${waits}; ${outcome}`;
}

function showCustomer(customer) {
  const { clv, held } = customer;
  const facts = [
    ["Stage", customer.stage ? words(customer.stage) : "none"],
    ["Since", customer.stage_since ? moment(customer.stage_since) : "–"],
    ["Worth", clv ? money(clv.total.minor, clv.total.currency) : "–"],
    ["Still there", clv && clv.p_alive != null ? `${Math.round(clv.p_alive * 100)} %` : "–"],
    ["Orders expected in a year", clv && clv.future ? clv.future.expected_orders.toFixed(1) : "–"],
    ["Open cart", held.cart ? `${held.cart.lines.length} ${held.cart.lines.length === 1 ? "line" : "lines"}` : "none"],
    ["Next deadline", customer.next_deadline_at ? moment(customer.next_deadline_at) : "none"],
    ["Slot", String(customer.slot)],
  ];
  byId("facts").replaceChildren(...facts.map(([name, value]) => {
    const part = make("div");
    part.append(make("dt", name), make("dd", value));
    return part;
  }));
  byId("stages-so-far").replaceChildren(...held.stage_history.map(({ stage, since, until }) => {
    const item = make("li", `${words(stage)} from `);
    item.append(make("time", moment(since), { datetime: since }), ...(until ? [" to ", make("time", moment(until), { datetime: until })] : [" on"]));
    return item;
  }));
  byId("decisions").replaceChildren(...[...held.decisions].reverse().map((decision) => {
    const item = make("li");
    item.append(make("time", moment(decision.at), { datetime: decision.at }), ` ${sentence(decision)}`);
    return item;
  }));
  byId("decisions-none").textContent = held.decisions.length ? ""
    : customer.decisions_kept ? "none since they are kept" : "none are kept: state.decisions_kept turns it on";
  byId("intentions").replaceChildren(...customer.plays.map(intention).filter(Boolean).map((text) => make("li", text)));
  byId("held").textContent = JSON.stringify(held, null, 1);
  byId("customer").hidden = false;
}

byId("search-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const wanted = byId("wanted").value.trim();
  byId("found").textContent = "searching";
  byId("customer").hidden = true;
  try {
    const id = wanted.includes("@") ? await idOf(wanted) : wanted;
    if (id === null) throw new Error("nobody has this address");
    // another instance's answer by way of this one: a page may not go there
    const customer = await ask(`/api/customers/${encodeURIComponent(id)}?elsewhere=ask`).then(good);
    showCustomer(customer);
    byId("found").textContent = `found ${customer.customer_id}`;
  } catch (error) {
    byId("found").textContent = error.message;
  }
});
