//! Buffers of blocks that were sent, kept for the next ones.
//!
//! A block has half a MiB, and a busy worker builds some dozens in every transaction: grown from nothing they would be copied several times
//! over and touch fresh memory each time. Holds no bytes of anybody: what is taken is empty. Used by `changelog`.

/// Buffers kept: 16 MiB, the blocks of a busy worker's transaction.
const BUFFERS_MAX: usize = 32;

#[derive(Default)]
pub struct Buffers(Vec<Vec<u8>>);

impl Buffers {
    /// An empty buffer, mostly with room.
    pub fn take(&mut self) -> Vec<u8> {
        self.0.pop().unwrap_or_default()
    }

    pub fn give_back(&mut self, mut buffer: Vec<u8>) {
        if self.0.len() < BUFFERS_MAX {
            buffer.clear();
            self.0.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_with_its_room_and_only_so_many_are_kept() {
        let mut buffers = Buffers::default();
        (0..2 * BUFFERS_MAX).for_each(|_| buffers.give_back(vec![1; 100]));
        assert_eq!(buffers.0.len(), BUFFERS_MAX);
        let buffer = buffers.take();
        assert!(buffer.is_empty() && buffer.capacity() >= 100);
    }
}
