//! A token as the server keeps it: recognised, never known.
//!
//! Only a digest is kept (SipHash-2-4, 128 bits), under a key drawn at the start that leaves the process by no way. A given token is
//! hashed in a time that depends on its own length alone, and digests are compared, of which nobody outside knows one: however
//! long the comparison takes, it tells nothing of the token. Used by `access`.

use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip128::{Hasher128, SipHasher24};

pub struct Token {
    key: (u64, u64),
    digest: u128,
}

impl Token {
    pub fn new(token: &str) -> Token {
        // the standard library's hashers get their keys from the system's source of randomness
        let random = RandomState::new();
        let key = (random.hash_one(0), random.hash_one(1));
        Token { key, digest: digest(key, token) }
    }

    pub fn is(&self, given: &str) -> bool {
        digest(self.key, given) == self.digest
    }
}

fn digest(key: (u64, u64), token: &str) -> u128 {
    let mut hasher = SipHasher24::new_with_keys(key.0, key.1);
    hasher.write(token.as_bytes());
    hasher.finish128().as_u128()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_nothing_like_it_and_each_has_a_key_of_its_own() {
        let text = "0123456789abcdef";
        let token = Token::new(text);
        assert!(token.is(text));
        for other in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF", "x123456789abcdef", " 0123456789abcdef"] {
            assert!(!token.is(other), "{other}");
        }
        assert_ne!(token.digest, Token::new(text).digest);
    }
}
