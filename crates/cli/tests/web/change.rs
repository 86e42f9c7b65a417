//! What may be wrong with the answers of a web server.

use crate::mutation::Draws;

const STATUS: [u16; 26] = [
    100, 201, 204, 205, 206, 226, 300, 301, 302, 304, 308, 400, 401, 403, 404, 408, 410, 416, 418,
    425, 429, 500, 503, 599, 600, 999,
];
const LENGTHS: [&str; 10] = [
    "",
    "0",
    "1",
    "-1",
    "7",
    "99999",
    "18446744073709551616",
    "9e9",
    "x",
    "5, 6",
];
const PLACES: [&str; 7] = [
    "",
    "bytes 0-0/1",
    "bytes 1-9/*",
    "bytes x",
    "items 0-1/2",
    "bytes 99-1/0",
    "bytes 18446744073709551615-1/2",
];
const HEADERS: [&str; 10] = [
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Content-Encoding: \u{fffd}",
    "Content-Length: 3",
    "Location: /elsewhere",
    "no colon",
    "Content-Type: text/html",
    "Transfer-Encoding: chunked, chunked",
];
const HEADS: [&str; 9] = [
    "",
    "\r\n\r\n",
    "HTTP/9.9 200 OK\r\n\r\n",
    "HTTP/1.1 abc\r\n\r\n",
    "SSH-2.0-x\r\n",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK\n\n",
    "HTTP/1.0 200 OK\r\n\r\n",
    "HTTP/1.1 -200 OK\r\n\r\n",
];
/// What ends a body in pieces.
const ENDS: [&str; 7] = [
    "0\r\n\r\n",
    "0\r\n",
    "",
    "ffffffffffffffff\r\n",
    "-1\r\nx\r\n",
    "zz\r\n",
    "7fffffff\r\nab",
];

/// What is done to answers.
#[derive(Clone, Debug)]
pub enum Change {
    Nothing,
    Status(u16),
    /// In place of the right `Content-Length`; none where empty.
    Length(&'static str),
    /// In place of the right `Content-Range`; none where empty.
    Place(&'static str),
    /// A header more, without what it says.
    Header(&'static str),
    /// In place of everything before the body.
    Head(&'static str),
    /// In pieces, of which the last is followed by this.
    Chunked(&'static str),
    /// A part of the body is not sent, announced or not.
    Cut {
        announced: bool,
    },
    /// Bytes follow the body, announced or not.
    Longer {
        announced: bool,
    },
    /// As gzip, said so.
    Packed,
    /// Zeros, packed a thousandfold.
    Bomb,
    /// Half of it, then nothing.
    Stalled,
    /// Without an end.
    Endless,
    /// Other bytes of the same length or not.
    Garbled,
}

impl Change {
    /// One of them.
    pub fn drawn(draws: &mut Draws) -> Self {
        let text = |texts: &[&'static str], draws: &mut Draws| texts[draws.below(texts.len())];
        match draws.below(14) {
            0 | 1 => Self::Status(STATUS[draws.below(STATUS.len())]),
            2 | 3 => Self::Length(text(&LENGTHS, draws)),
            4 => Self::Place(text(&PLACES, draws)),
            5 => Self::Header(text(&HEADERS, draws)),
            6 => Self::Head(text(&HEADS, draws)),
            7 => Self::Chunked(text(&ENDS, draws)),
            8 => Self::Cut {
                announced: draws.below(2) == 0,
            },
            9 => Self::Longer {
                announced: draws.below(2) == 0,
            },
            10 => Self::Packed,
            11 => [Self::Bomb, Self::Stalled, Self::Endless][draws.below(3)].clone(),
            _ => Self::Garbled,
        }
    }

    /// Whether what is read must be right: other bytes cannot be told from those that were meant, nor can what the server
    /// says is not there, or forbids.
    pub fn keeps_values(&self) -> bool {
        !matches!(
            self,
            Self::Garbled | Self::Status(400 | 401 | 403 | 404 | 410)
        )
    }
}
