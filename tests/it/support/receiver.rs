//! A receiver of webhooks: keeps what it is sent and answers as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How long a delivery may take to come, a repetition included.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub struct Received {
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Facts {
    received: Vec<Received>,
    /// The next answers; 200 when there are none.
    statuses: VecDeque<u16>,
}

pub struct Receiver {
    pub port: u16,
    facts: Arc<Mutex<Facts>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, facts) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Facts>>::default());
        let shared = facts.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, shared.clone()));
            }
        });
        Self { port, facts }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// What the next deliveries are answered with.
    pub fn answer_with(&self, statuses: &[u16]) {
        self.facts.lock().unwrap().statuses.extend(statuses);
    }

    pub fn received(&self) -> Vec<Received> {
        self.facts.lock().unwrap().received.clone()
    }

    /// What came, once it is this much.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let began = Instant::now();
        while self.received().len() < count {
            assert!(began.elapsed() < PATIENCE, "{} of {count} came", self.received().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.received()
    }
}

/// One request for each connection.
async fn answer(stream: TcpStream, facts: Arc<Mutex<Facts>>) {
    let mut reader = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    while reader.read_line(&mut line).await.unwrap_or(0) > 0 && !line.trim().is_empty() {
        if let Some((name, value)) = line.split_once(": ") {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        line.clear();
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).await.is_err() {
        return;
    }
    let status = {
        let mut facts = facts.lock().unwrap();
        facts.received.push(Received { headers, body });
        facts.statuses.pop_front().unwrap_or(200)
    };
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 6\r\nconnection: close\r\n\r\nthanks");
    let _ = reader.into_inner().write_all(answer.as_bytes()).await;
}
