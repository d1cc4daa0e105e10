//! A server between the program and its S3 storage that does what networks and servers do on bad days.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Fault {
    None,
    /// Answers 500 without passing anything on.
    Broken,
    /// Answers 503 as S3 does when it is asked too much.
    Busy,
    /// Passes on a megabyte of what is sent, then hangs up.
    GoesAway,
    /// The next request fails, those after it pass.
    Once,
    /// Passes everything on, late.
    Slow,
    /// Answers 500 to removals, and keeps them, to be carried out when it is told to.
    RemovesLate,
}

const FAULTS: [Fault; 7] =
    [Fault::None, Fault::Broken, Fault::Busy, Fault::GoesAway, Fault::Once, Fault::Slow, Fault::RemovesLate];
const A_MEGABYTE: u64 = 1024 * 1024;
const LATE: Duration = Duration::from_millis(300);

#[derive(Clone)]
pub struct Proxy {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    fault: Arc<AtomicUsize>,
    target: String,
    /// Requests as they came.
    late: Late,
}

type Late = Arc<Mutex<Vec<Vec<u8>>>>;

impl Proxy {
    /// Stands in front of `target`, `http://host:port`.
    pub async fn start(target: &str) -> Self {
        let target = target.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fault = Arc::new(AtomicUsize::new(Fault::None as usize));
        let late = Late::default();
        let proxy = Self { url, fault, target, late };
        let (seen, target, late) = (proxy.fault.clone(), proxy.target.clone(), proxy.late.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, target.clone(), seen.clone(), late.clone()));
            }
        });
        proxy
    }

    /// Carries out the removals that were kept; says how many.
    pub async fn remove_late(&self) -> usize {
        let kept = std::mem::take(&mut *self.late.lock().unwrap());
        for request in &kept {
            let mut server = TcpStream::connect(&self.target).await.unwrap();
            server.write_all(request).await.unwrap();
            let mut answer = [0; 200];
            let count = server.read(&mut answer).await.unwrap();
            assert!(answer[..count].starts_with(b"HTTP/1.1 "), "the storage answered nothing");
        }
        kept.len()
    }

    pub fn set(&self, fault: Fault) {
        self.fault.store(fault as usize, Ordering::SeqCst);
    }
}

/// One connection. The fault is looked at for each piece that comes, so that it also strikes connections that are kept.
async fn serve(client: TcpStream, target: String, fault: Arc<AtomicUsize>, late: Late) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        to_client
    });
    let passed = AtomicU64::new(0);
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count) = from_client.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        let now = FAULTS[fault.load(Ordering::SeqCst)];
        match now {
            Fault::None => {}
            Fault::RemovesLate if !buffer[..count].starts_with(b"DELETE ") => {}
            Fault::Slow => tokio::time::sleep(LATE).await,
            Fault::GoesAway if passed.load(Ordering::SeqCst) < A_MEGABYTE => {}
            Fault::GoesAway => break,
            Fault::Broken | Fault::Busy | Fault::Once | Fault::RemovesLate => {
                drop(to_server);
                if now == Fault::RemovesLate {
                    late.lock().unwrap().push(buffer[..count].to_vec());
                }
                if now == Fault::Once {
                    fault.store(Fault::None as usize, Ordering::SeqCst);
                }
                if let Ok(mut to_client) = back.await {
                    let status = if now == Fault::Busy { "503 Slow Down" } else { "500 Internal Server Error" };
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = to_client.write_all(answer.as_bytes()).await;
                    let _ = to_client.shutdown().await;
                }
                return;
            }
        }
        if to_server.write_all(&buffer[..count]).await.is_err() {
            break;
        }
        passed.fetch_add(count as u64, Ordering::SeqCst);
    }
    back.abort();
}
