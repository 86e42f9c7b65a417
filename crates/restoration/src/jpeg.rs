//! What a JPEG file says of itself before it is decoded.

/// Bytes of a marker that starts a scan of entropy-coded data.
const SCAN: u8 = 0xda;
/// End of image.
const END: u8 = 0xd9;

/// The outline of a JPEG file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Components a pixel: 1 grey, 3 colour, 4 inks.
    pub components: Option<u8>,
    /// Whether the end of the image is there.
    pub whole: bool,
}

/// Walks the segments of a JPEG file; `None` if `bytes` are of another format.
///
/// A thumbnail lies within a segment of known length, so that its own end is not taken for the image's.
///
/// # Reference
/// ISO/IEC 10918-1 (1994), annex B.
pub(crate) fn outline(bytes: &[u8]) -> Option<Outline> {
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return None;
    }
    let mut outline = Outline {
        components: None,
        whole: false,
    };
    let mut at = 2;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            END => {
                outline.whole = true;
                break;
            }
            // markers without a segment: restarts, and those for private use
            0x01 | 0xd0..=0xd8 => {}
            _ => {
                let Some(segment) = segment(bytes, at) else {
                    break;
                };
                if is_frame(marker) {
                    // precision, height (2), width (2), components
                    outline.components = segment.get(5).copied();
                }
                at += 2 + segment.len();
                if marker == SCAN {
                    at = after_scan(bytes, at);
                }
            }
        }
    }
    Some(outline)
}

/// The marker at or after `at`, which moves behind it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    while *bytes.get(*at)? != 0xff {
        *at += 1;
    }
    while *bytes.get(*at)? == 0xff {
        *at += 1;
    }
    *at += 1;
    Some(bytes[*at - 1])
}

/// What follows the two bytes of a segment's length.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]);
    bytes.get(at + 2..at + usize::from(length).max(2))
}

fn is_frame(marker: u8) -> bool {
    // C4, C8 and CC define tables, not frames
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// The first place after entropy-coded data, where 0xff is followed by 0 or by a restart.
fn after_scan(bytes: &[u8], from: usize) -> usize {
    let is_end = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff | 0xd0..=0xd7);
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.windows(2).position(is_end).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of `components`, a thumbnail with an end of its own, one scan, and `rest`.
    fn file(components: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9];
        bytes.extend([0xff, 0xc2, 0, 8, 8, 0, 1, 0, 1, components]);
        bytes.extend([0xff, 0xda, 0, 3, 1, 7, 0xff, 0, 0xff, 0xd3, 9]);
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn the_end_of_a_thumbnail_is_not_that_of_the_image() {
        let outline_of = |rest: &[u8]| outline(&file(3, rest)).unwrap();
        assert!(!outline_of(&[]).whole);
        assert!(!outline_of(&[0xff]).whole);
        assert!(outline_of(&[0xff, 0xd9]).whole);
        assert!(outline_of(&[0xff, 0xd9, 0, 0]).whole);
        assert_eq!(outline_of(&[]).components, Some(3));
        assert_eq!(outline(&file(4, &[])).unwrap().components, Some(4));
    }

    #[test]
    fn other_formats_and_fragments_are_no_trouble() {
        assert_eq!(outline(b"\x89PNG\r\n"), None);
        let whole = file(1, &[0xff, 0xd9]);
        for length in 3..whole.len() {
            let outline = outline(&whole[..length]).unwrap();
            assert!(!outline.whole, "{length} bytes");
        }
    }
}
