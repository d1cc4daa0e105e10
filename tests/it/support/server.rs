//! The real program as a process: started on a free port, watched until it answers, ended with the test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::backend::Installation;
use super::client::Client;

/// How long a start may take, migrations included, and how long an end may.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropping it asks it to end and waits; what it logged is shown when the test fails.
pub struct Server {
    /// `http://127.0.0.1:PORT`
    pub address: String,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Server {
    pub async fn start(at: &Installation) -> Self {
        Self::start_with(at, &["start"]).await
    }

    /// Panics with the log when the server ends, or does not answer in a minute.
    pub async fn start_with(at: &Installation, args: &[&str]) -> Self {
        let mut child = at.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (found, address) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        collect(child.stderr.take().unwrap(), &log, |_| {});
        collect(stdout, &log, move |line| {
            if let Some((_, rest)) = line.split_once("listening on ") {
                let _ = found.send(rest.split_whitespace().next().unwrap_or_default().to_owned());
            }
        });
        let mut server = Self { address: String::new(), child, log };
        server.address = match tokio::task::spawn_blocking(move || address.recv_timeout(PATIENCE)).await.unwrap() {
            Ok(address) => address,
            Err(RecvTimeoutError::Timeout) => panic!("the server says no address in {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the server ended: {:?}", server.child.wait()),
        };
        server.answers().await;
        server
    }

    async fn answers(&self) {
        let began = Instant::now();
        let client = self.client();
        while began.elapsed() < PATIENCE {
            let sent = client.request(reqwest::Method::GET, "/health").send().await;
            if sent.is_ok_and(|response| response.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("GET /api/v1/health does not answer in {PATIENCE:?}");
    }

    /// A caller without tenant, org or token.
    pub fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// What the server has written so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// What it writes from now on too, also after it has ended.
    pub fn log_handle(&self) -> Arc<Mutex<String>> {
        self.log.clone()
    }

    /// SIGTERM, and the exit status; panics when the server is still there after a minute.
    pub fn stop(mut self) -> ExitStatus {
        self.end().unwrap_or_else(|| panic!("the server ignores SIGTERM for {PATIENCE:?}"))
    }

    /// SIGKILL, as a power cut would do it: the server gets no chance to finish anything.
    pub fn kill_hard(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn end(&mut self) -> Option<ExitStatus> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Some(status);
        }
        // The child is not reaped yet, so its number is still its own.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.end().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if thread::panicking() {
            eprintln!("--- log of the server at {} ---\n{}--- end of log ---", self.address, self.log());
        }
    }
}

/// Reads to the end in a thread of its own, so that the server never waits for a full pipe.
fn collect(from: impl Read + Send + 'static, log: &Arc<Mutex<String>>, mut each: impl FnMut(&str) + Send + 'static) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            each(&line);
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
}
