//! A moment in some calendar.

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01 00:00:00 *in its own calendar*: compare instants of one calendar only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

impl Instant {
    /// The seconds since 1970-01-01 00:00:00.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The instant some seconds later (earlier where negative).
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
