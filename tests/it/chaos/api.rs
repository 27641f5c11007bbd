//! The heads of Kafka's requests: which of them it is, and who asks. Nothing else of the protocol. Called by `proxy`.

/// The requests that a trap can wait for; the numbers are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Produce,
    Fetch,
    ListOffsets,
    OffsetFetch,
    JoinGroup,
    SyncGroup,
    InitProducerId,
    AddPartitionsToTxn,
    AddOffsetsToTxn,
    EndTxn,
    TxnOffsetCommit,
    Other(i16),
}

impl Api {
    fn of(key: i16) -> Api {
        match key {
            0 => Api::Produce,
            1 => Api::Fetch,
            2 => Api::ListOffsets,
            9 => Api::OffsetFetch,
            11 => Api::JoinGroup,
            14 => Api::SyncGroup,
            22 => Api::InitProducerId,
            24 => Api::AddPartitionsToTxn,
            25 => Api::AddOffsetsToTxn,
            26 => Api::EndTxn,
            28 => Api::TxnOffsetCommit,
            other => Api::Other(other),
        }
    }
}

/// Which of a process's clients asks; they are named `lifetide-<instance>-<role>`, members with what they read behind a slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    Producer,
    /// The group's member, of worker 0.
    Member,
    Changelog,
}

impl Client {
    fn role(self) -> &'static str {
        match self {
            Client::Producer => "producer",
            Client::Member => "0",
            Client::Changelog => "0-changelog",
        }
    }

    /// Whether a client of this name is one.
    pub fn is(self, name: &str) -> bool {
        split(name).is_some_and(|(_, role)| role == self.role())
    }
}

/// Instances of these tests have one letter.
fn split(name: &str) -> Option<(&str, &str)> {
    let (instance, role) = name.strip_prefix("lifetide-")?.split_once('-')?;
    Some((instance, role.split_once('/').map_or(role, |(role, _)| role)))
}

pub struct Head {
    pub api: Api,
    pub correlation: i32,
    pub client: String,
}

impl Head {
    /// Of a request without its length: API, version, correlation number, client.
    pub fn read(request: &[u8]) -> Head {
        let number = |at: usize| i16::from_be_bytes([request[at], request[at + 1]]);
        let length = usize::try_from(number(8)).unwrap_or(0);
        Head {
            api: Api::of(number(0)),
            correlation: i32::from_be_bytes(request[4..8].try_into().expect("invariant: four bytes")),
            client: String::from_utf8_lossy(&request[10..10 + length]).into_owned(),
        }
    }

    /// Empty for a client that is not lifetide's.
    pub fn instance(&self) -> &str {
        split(&self.client).map_or("", |(instance, _)| instance)
    }
}
