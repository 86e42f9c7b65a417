//! What can be wrong with a network.

/// Why a network cannot be built or used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// No levels.
    #[error(
        "network.channels is empty: give one number a level, finest first, such as [32, 64, 96]"
    )]
    NoLevels,
    /// A count of nothing.
    #[error("network.{0} is 0: give at least 1")]
    Zero(&'static str),
    /// Attention at a level that is not there.
    #[error(
        "network.attention names level {level}, but network.channels has {levels} level(s), 0 to {}: \
         remove it or add a level",
        levels - 1
    )]
    NoSuchLevel {
        /// The level named.
        level: usize,
        /// The number of levels.
        levels: usize,
    },
    /// Heads that do not share the channels evenly.
    #[error(
        "network.heads = {heads} does not divide the {channels} channels of level {level}: \
         choose a divisor, or no attention at that level"
    )]
    Heads {
        /// Heads asked for.
        heads: usize,
        /// Channels there are.
        channels: usize,
        /// Where.
        level: usize,
    },
    /// An odd number of features cannot be half sines and half cosines.
    #[error(
        "network.{key} = {value} is odd: give an even number, half for sines and half for cosines"
    )]
    Odd {
        /// Which one.
        key: &'static str,
        /// Its value.
        value: usize,
    },
    /// A number that others must divide.
    #[error("network.{key} = {value} is not a multiple of {of}: give one that is")]
    NotAMultiple {
        /// Which one.
        key: &'static str,
        /// Its value.
        value: usize,
        /// What divides it.
        of: usize,
    },
    /// A class that is not there.
    #[error("class {class} is not among the {count} classes, 0 to {}: give one of them", count.saturating_sub(1))]
    NoSuchClass {
        /// The class.
        class: usize,
        /// How many there are.
        count: usize,
    },
    /// Not a probability below one.
    #[error("network.dropout = {0} is not in [0, 1)")]
    Dropout(f64),
    /// One kind of network where another is needed.
    #[error("this is a {found} where a {wanted} is needed: set network.kind = \"{wanted}\"")]
    Kind {
        /// The kind configured.
        found: &'static str,
        /// The kind needed.
        wanted: &'static str,
    },
    /// A checkpoint of another network.
    #[error(
        "the checkpoint is of another architecture: {difference}. It holds \"{found}\", and \"{wanted}\" is asked for: \
         use the configuration that it was trained with, or train again"
    )]
    AnotherArchitecture {
        /// The first entries that differ.
        difference: String,
        /// Description in the checkpoint.
        found: String,
        /// Description of the configuration.
        wanted: String,
    },
}
