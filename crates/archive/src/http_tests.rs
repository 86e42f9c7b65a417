use super::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// A server that gives one answer a connection, in turn, and the last one for ever.
fn server(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/x.zarr", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (k, stream) in listener.incoming().enumerate() {
            let answer = answers[k.min(answers.len() - 1)];
            thread::spawn(move || {
                let mut stream: TcpStream = stream.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer.as_bytes());
                if answer.is_empty() {
                    thread::sleep(Duration::from_mins(1));
                }
            });
        }
    });
    address
}

const BROKEN: &str = "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const GONE: &str = "HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc";
const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabcdef";
const SILENT: &str = "";
const FORBIDDEN: &str = "HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn store(address: &str) -> HttpStore {
    let patience = Patience {
        tries: 4,
        first_wait: Duration::from_millis(2),
        silence: Duration::from_millis(500),
    };
    HttpStore::new(address, patience)
}

#[test]
fn a_server_that_recovers_is_read() {
    let store = store(&server(&[BROKEN, CUT, SILENT, WHOLE]));
    let key = StoreKey::new("c/0").unwrap();
    assert_eq!(store.get(&key).unwrap().unwrap(), "abcdef");
    // it knows no parts: they are cut from the whole
    let ranges = [ByteRange::FromStart(1, Some(2)), ByteRange::Suffix(1)];
    let parts = store.get_partial_many(&key, Box::new(ranges.into_iter()));
    let parts: Vec<Bytes> = parts.unwrap().unwrap().map(Result::unwrap).collect();
    assert_eq!(parts, ["bc", "f"]);
}

#[test]
fn what_does_not_recover_is_an_error_that_says_so() {
    let key = StoreKey::new("a b/0").unwrap();
    for (answer, told) in [
        (&[BROKEN], "status 500 (4 attempts)"),
        (&[CUT], "(4 attempts)"),
        (&[SILENT], "(4 attempts)"),
        (&[FORBIDDEN], "refuses access (status 403)"),
    ] {
        let error = store(&server(answer)).get(&key).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("a%20b/0"), "{error}");
    }
    assert!(store(&server(&[GONE])).get(&key).unwrap().is_none());
    // nobody listens
    assert!(store("http://127.0.0.1:9/x").get(&key).is_err());
}

/// A server that answers as `answer` says to the path that it is asked for.
fn server_of(answer: fn(&str) -> Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/x.zarr", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..count]).into_owned();
            let path = text.split(' ').nth(1).unwrap_or_default();
            let _ = stream.write_all(&answer(path));
        }
    });
    address
}

#[test]
fn what_is_forbidden_is_absent_only_while_the_rest_is_given() {
    fn answer(path: &str) -> Vec<u8> {
        let text = if path.ends_with("zarr.json") {
            WHOLE
        } else {
            FORBIDDEN
        };
        text.into()
    }
    let key = |name: &str| StoreKey::new(name).unwrap();
    let store = store(&server_of(answer));
    // nothing was read yet: it may be that nothing may be read
    assert!(store.get(&key("c/0")).is_err());
    assert!(store.get(&key("zarr.json")).unwrap().is_some());
    assert!(store.get(&key("c/0")).unwrap().is_none());
    assert!(store.size_key(&key("c/1")).unwrap().is_none());
}

#[test]
fn an_answer_that_was_packed_unasked_is_unpacked() {
    fn answer(path: &str) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"abcdef").unwrap();
        let body = packed.finish().unwrap();
        let encoding = if path.ends_with('0') { "gzip" } else { "br" };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        [head.into_bytes(), body].concat()
    }
    let store = store(&server_of(answer));
    let key = |name: &str| StoreKey::new(name).unwrap();
    assert_eq!(store.get(&key("c/0")).unwrap().unwrap(), "abcdef");
    let ranges = Box::new([ByteRange::FromStart(1, Some(2))].into_iter());
    let parts = store.get_partial_many(&key("c/0"), ranges).unwrap();
    assert_eq!(parts.unwrap().next().unwrap().unwrap(), "bc");
    let said = store.get(&key("c/1")).unwrap_err().to_string();
    assert!(said.contains("packs its answers (br)"), "{said}");
}

#[test]
fn a_part_that_was_not_asked_for_is_refused() {
    fn answer(path: &str) -> Vec<u8> {
        let said = match path.rsplit('/').next().unwrap() {
            "right" => "Content-Range: bytes 1-2/6\r\n",
            "moved" => "Content-Range: bytes 2-3/6\r\n",
            _ => "",
        };
        format!("HTTP/1.1 206 Part\r\n{said}Content-Length: 2\r\nConnection: close\r\n\r\nbc")
            .into()
    }
    let store = store(&server_of(answer));
    let key = |name: &str| StoreKey::new(name).unwrap();
    let part = |name: &str| -> Result<Bytes, String> {
        let ranges = Box::new([ByteRange::FromStart(1, Some(2))].into_iter());
        let parts = store.get_partial_many(&key(name), ranges);
        let mut parts = parts.map_err(|error| error.to_string())?.unwrap();
        parts.next().unwrap().map_err(|error| error.to_string())
    };
    assert_eq!(part("right").unwrap(), "bc");
    assert_eq!(part("unsaid").unwrap(), "bc");
    let said = part("moved").unwrap_err();
    assert!(said.contains("not asked for"), "{said}");
    let said = store.get(&key("right")).unwrap_err().to_string();
    assert!(said.contains("not asked for"), "{said}");
}

#[test]
fn an_answer_without_an_end_is_given_up_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/x.zarr", listener.local_addr().unwrap());
    let (asked, count) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), [0; 4096]);
            let _ = stream.read(&mut request);
            let _ = asked.send(());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            let part = vec![b' '; 1 << 16];
            while stream.write_all(&part).is_ok() {}
        }
    });
    let store = store(&address);
    for key in ["c/0", "c/1"] {
        let said = store
            .get(&StoreKey::new(key).unwrap())
            .unwrap_err()
            .to_string();
        assert!(said.contains("c/0: the answer has no end"), "{said}");
    }
    assert_eq!(count.try_iter().count(), 1);
}
