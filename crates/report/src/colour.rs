//! Colours: two-sided and one-sided maps, and a palette that colour-blind readers can tell apart.

/// Colour of a missing cell: a grey that none of the colour maps contains.
pub const MISSING: [u8; 3] = [0xbd, 0xbd, 0xbd];

/// Opaque or translucent colour: red, green, blue, opacity.
pub(crate) type Rgba = [u8; 4];

pub(crate) const INK: Rgba = [0x22, 0x22, 0x22, 0xff];
pub(crate) const SOFT: Rgba = [0x55, 0x55, 0x55, 0xff];
pub(crate) const RULE: Rgba = [0x77, 0x77, 0x77, 0xff];
pub(crate) const GRID: Rgba = [0xe4, 0xe4, 0xe4, 0xff];
pub(crate) const SHADE: Rgba = [0x55, 0x55, 0x55, 0x2a];

/// How values become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Perceptually uniform, dark blue to yellow (viridis): fields such as pressure or temperature.
    #[default]
    Sequential,
    /// Blue to white to red, white at zero: vorticity, anomalies, bias.
    Diverging,
    /// Perceptually uniform, pale to dark (magma from its light end): spread and other amounts from zero.
    Magnitude,
}

impl Colours {
    /// Colour at `fraction` of the range, 0 the lower end and 1 the upper; values beyond are clamped.
    ///
    /// ```
    /// use foehn_report::Colours;
    /// assert_eq!(Colours::Sequential.at(0.0), [68, 1, 84]);
    /// assert_eq!(Colours::Diverging.at(-3.0), Colours::Diverging.at(0.0));
    /// ```
    pub fn at(self, fraction: f64) -> [u8; 3] {
        let fraction = fraction.clamp(0.0, 1.0);
        match self {
            Self::Sequential => colorous::VIRIDIS.eval_continuous(fraction),
            Self::Diverging => colorous::RED_BLUE.eval_continuous(1.0 - fraction),
            Self::Magnitude => colorous::MAGMA.eval_continuous(1.0 - 0.93 * fraction),
        }
        .as_array()
    }
}

/// Colours of lines (Okabe and Ito 2008), in the order in which they are given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// Blue.
    Blue,
    /// Vermilion, a reddish orange.
    Vermilion,
    /// Bluish green.
    Green,
    /// Reddish purple.
    Purple,
    /// Orange.
    Orange,
    /// Sky blue.
    Sky,
    /// Black: truth, observations.
    Black,
    /// Grey: what is there for comparison only.
    Grey,
}

impl Tint {
    const ORDER: [Self; 6] = [
        Self::Blue,
        Self::Vermilion,
        Self::Green,
        Self::Purple,
        Self::Orange,
        Self::Sky,
    ];

    /// Colour of the `index`-th line; repeats after six.
    pub(crate) fn nth(index: usize) -> Self {
        Self::ORDER[index % Self::ORDER.len()]
    }

    pub(crate) fn rgba(self) -> Rgba {
        match self {
            Self::Blue => [0x00, 0x72, 0xb2, 0xff],
            Self::Vermilion => [0xd5, 0x5e, 0x00, 0xff],
            Self::Green => [0x00, 0x9e, 0x73, 0xff],
            Self::Purple => [0xcc, 0x79, 0xa7, 0xff],
            Self::Orange => [0xe6, 0x9f, 0x00, 0xff],
            Self::Sky => [0x56, 0xb4, 0xe9, 0xff],
            Self::Black => [0x11, 0x11, 0x11, 0xff],
            Self::Grey => [0x88, 0x88, 0x88, 0xff],
        }
    }
}

/// The same colour, see-through.
pub(crate) fn faded(colour: Rgba, opacity: u8) -> Rgba {
    [colour[0], colour[1], colour[2], opacity]
}
