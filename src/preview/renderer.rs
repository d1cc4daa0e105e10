//! The outside of the fenced process: starts it, hands it the file, waits for a while, and says what became of it.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, sink};
use tokio::process::{Child, Command};

use super::{Bounds, Drawn, Format, unusable, wire};
use crate::error::{Error, Result};

/// The longest answer: a picture of 512 x 512 pixels, and the names of layers.
const MOST_OUTPUT: u64 = 8 * 1024 * 1024;
/// What is kept of the last words.
const MOST_WORDS: u64 = 16 * 1024;

/// Signals by number, which is the same on every system that this runs on.
const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;
const SIGBUS: i32 = 7;
const SIGXCPU: i32 = 24;

/// Draws files in processes of their own. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Renderer {
    program: PathBuf,
    bounds: Bounds,
    longest: Duration,
}

impl Renderer {
    /// `program` is this program: it is run with the command `preview-file`. A picture takes no longer than `longest`, which
    /// leaves room for waiting beside the computing time of `bounds`.
    pub fn new(program: impl Into<PathBuf>, bounds: Bounds, longest: Duration) -> Self {
        Self { program: program.into(), bounds, longest }
    }

    /// Draws a file. The process ends with this future, should that be dropped.
    ///
    /// # Errors
    /// `BadRequest` with what is wrong with the file: it is damaged, needs too much, or the process died of it.
    /// `Unavailable` when that says nothing about the file: the process could not be started, was ended from outside, or had
    /// no turn for too long.
    pub async fn draw(&self, file: File, format: Format) -> Result<Drawn> {
        let mut child = self.start(file, format)?;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(Error::internal("The process for previews has no output"));
        };
        let work = async { tokio::join!(bounded(out, MOST_OUTPUT), bounded(err, MOST_WORDS), child.wait()) };
        let Ok((answer, words, ended)) = tokio::time::timeout(self.longest, work).await else {
            self.end(&mut child).await;
            let seconds = self.longest.as_secs();
            return Err(Error::unavailable(format!("Drawing the file took longer than {seconds} seconds")));
        };
        let (answer, words, ended) = (answer?, words?, ended.map_err(lost)?);
        match wire::read(&answer).filter(|_| ended.success()) {
            Some(outcome) => outcome,
            None => Err(self.post_mortem(ended, &String::from_utf8_lossy(&words))),
        }
    }

    /// Nothing of this process goes with it but the file.
    fn start(&self, file: File, format: Format) -> Result<Child> {
        let Bounds { memory_bytes, cpu_seconds } = self.bounds;
        Command::new(&self.program)
            .args(["preview-file", "--format", format.as_str()])
            .args(["--memory-bytes", &memory_bytes.to_string(), "--cpu-seconds", &cpu_seconds.to_string()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(file))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Error::unavailable("The process for previews does not start").caused_by(error))
    }

    async fn end(&self, child: &mut Child) {
        if let Err(error) = child.kill().await {
            tracing::warn!(%error, "a process for previews could not be ended");
        }
    }

    fn post_mortem(&self, ended: ExitStatus, words: &str) -> Error {
        tracing::info!(%ended, words = %words.trim(), "the process for previews died");
        let Bounds { memory_bytes, cpu_seconds } = self.bounds;
        let memory = memory_bytes / (1024 * 1024);
        match ended.signal() {
            _ if words.contains("memory allocation of") => {
                unusable(format!("Drawing the file needs more memory than the {memory} MiB that are allowed"))
            }
            Some(SIGXCPU) => unusable(format!("Drawing the file takes more than {cpu_seconds} seconds of computing")),
            Some(SIGABRT) if words.contains("stack") => unusable("The file is nested too deeply"),
            Some(SIGSEGV | SIGBUS) => unusable("The file is nested too deeply"),
            Some(SIGABRT) => unusable("The file is damaged in a way that the reader of its format does not survive"),
            Some(signal) => Error::unavailable(format!("Drawing the file was ended from outside (signal {signal})")),
            None if ended.code() == Some(PANICKED) => {
                unusable("The file is damaged in a way that the reader of its format does not survive")
            }
            None => Error::unavailable(format!("The process for previews failed ({ended})")),
        }
    }
}

/// What a Rust program exits with after a panic.
const PANICKED: i32 = 101;

/// The first bytes; what follows is thrown away, so that nobody waits for room.
async fn bounded(source: impl AsyncRead + Unpin, most: u64) -> Result<Vec<u8>> {
    let mut kept = Vec::new();
    let mut source = source.take(most);
    source.read_to_end(&mut kept).await.map_err(lost)?;
    tokio::io::copy(&mut source.into_inner(), &mut sink()).await.map_err(lost)?;
    Ok(kept)
}

fn lost(error: std::io::Error) -> Error {
    Error::unavailable("The process for previews was lost").caused_by(error)
}
