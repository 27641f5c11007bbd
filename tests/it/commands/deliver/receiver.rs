//! A receiver of HTTP requests that keeps what it got, and answers as it is told, or never.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// When all of it was there.
    pub at: Instant,
}

impl Request {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// By id and the number of times it has come: a status, or no answer at all.
type Answer = dyn Fn(&str, usize) -> Option<u16> + Send + Sync;

pub struct Receiver {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    pub fn start(answer: impl Fn(&str, usize) -> Option<u16> + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer): (_, Arc<Answer>) = (requests.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, answer) = (kept.clone(), answer.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &kept, &*answer));
            }
        });
        Receiver { address, requests }
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// In order, repeats included.
    pub fn all_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.requests().iter().map(|request| request.header("webhook-id").to_owned()).collect();
        ids.sort_unstable();
        ids
    }

    /// As `all_ids`; panics if one came twice.
    pub fn ids(&self) -> Vec<String> {
        let ids = self.all_ids();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "sent twice: {ids:?}");
        ids
    }
}

fn serve(stream: TcpStream, kept: &Mutex<Vec<Request>>, answer: &Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let id = request.header("webhook-id").to_owned();
        let times = {
            let mut kept = kept.lock().unwrap();
            kept.push(request);
            kept.iter().filter(|request| request.header("webhook-id") == id).count()
        };
        let Some(status) = answer(&id, times) else {
            // until the other side goes
            let _ = reader.read(&mut [0]);
            return;
        };
        if write!(writer, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    let mut next = |reader: &mut BufReader<TcpStream>| {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line.trim_end().to_owned())
    };
    let path = next(reader)?.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let line = next(reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path, headers, body, at: Instant::now() })
}
