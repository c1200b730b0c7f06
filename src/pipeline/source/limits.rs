//! How much an archive may ask of this machine.

/// Limits of an archive; an import that breaks one is refused with the entry's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders in an archive.
    pub entries: usize,
    /// Bytes of all entries together, inflated.
    pub total_bytes: u64,
    /// How many times larger than its compressed form an entry may be …
    pub ratio: u64,
    /// … once it has more than this many bytes.
    pub ratio_above: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 200_000, total_bytes: 50_000_000_000, ratio: 20, ratio_above: 10_000_000 }
    }
}
