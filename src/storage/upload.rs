//! Storing a content: hashed on the way, in constant memory, all or nothing.
//!
//! A content's key is its hash, which is known only at its end. A short content is held until then and written at once.
//! A longer one goes to a temporary key first and is moved when it is complete; a task of its own does that, so that it
//! cleans up in good order when the caller fails, or is dropped because the client hung up.

use std::io;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::bytes::{Bytes, BytesMut};
use tracing::Instrument;

use super::errors::{staged_error, storage_error};
use super::local::sync_directories;
use super::{ContentHash, ObjectId, TenantStore};
use crate::error::{Error, Kind, Result};

/// Contents shorter than this are written in one request.
const SHORT: usize = 4 * 1024 * 1024;
/// How much is read before it is passed on.
const CHUNK: usize = 1024 * 1024;
/// How much of the start is kept for looking at.
const HEAD: usize = 8 * 1024;
/// A part of an S3 upload. S3 allows 10 000 parts, so 78 GiB at most.
const PART: usize = 8 * 1024 * 1024;
/// A step of a copy within S3; each must end within the time-out of a transfer.
pub(super) const COPY_STEP: usize = 256 * 1024 * 1024;

/// A content that is safely stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub sha256: ContentHash,
    /// In bytes.
    pub size: u64,
}

impl TenantStore {
    /// Reads `source` to its end and stores what it yields as the first edition. Storing what is there already is fine.
    ///
    /// Errors: those of [`TenantStore::receive`] and [`Received::publish`].
    pub async fn put(&self, source: impl AsyncRead + Send + Unpin, max_bytes: u64) -> Result<Stored> {
        self.receive(source, max_bytes).await?.publish(0).await
    }

    /// Reads `source` to its end and holds what it yields, until it is published.
    ///
    /// Errors: `TooLarge` beyond `max_bytes`, `BadRequest` if the source fails (an [`Error`] inside its [`io::Error`] is
    /// passed on as it is), and the storage's own. Nothing stays behind then, nor when the future is dropped.
    pub async fn receive(&self, source: impl AsyncRead + Send + Unpin, max_bytes: u64) -> Result<Received> {
        let capability = self.backend.operator.info().capability();
        // A storage that takes an object only in one piece has to hold it anyway.
        let short = if capability.write_can_multi { SHORT } else { usize::MAX };
        let mut intake = Intake::new(source, max_bytes);
        let start = intake.read(short).await?;
        let head = start.slice(..start.len().min(HEAD));
        if start.len() < short {
            return Ok(Received { store: self.clone(), stored: intake.finish(), head, content: Content::Short(start) });
        }

        // Only as much of the start stays in memory as is kept for looking at.
        let head = Bytes::copy_from_slice(&head);
        let staged = Staged::start(self, start).await;
        loop {
            match intake.read(CHUNK).await {
                // At the end, or when the storage failed and will say why.
                Ok(chunk) if chunk.is_empty() || !staged.push(&chunk).await => {
                    let content = Content::Staged(staged);
                    return Ok(Received { store: self.clone(), stored: intake.finish(), head, content });
                }
                Ok(_) => {}
                Err(error) => {
                    // The source's failure came first.
                    let _ = staged.abandon().await;
                    return Err(error);
                }
            }
        }
    }

    /// Reads an object of this storage to its end, to be published as it is: by a copy within the storage.
    pub(super) async fn receive_object(
        &self,
        key: String,
        source: impl AsyncRead + Send + Unpin,
        max_bytes: u64,
    ) -> Result<Received> {
        let mut intake = Intake::new(source, max_bytes);
        let mut head = None;
        loop {
            let chunk = intake.read(CHUNK).await?;
            head.get_or_insert_with(|| Bytes::copy_from_slice(&chunk[..chunk.len().min(HEAD)]));
            if chunk.is_empty() {
                let (head, content) = (head.unwrap_or_default(), Content::Object(key));
                return Ok(Received { store: self.clone(), stored: intake.finish(), head, content });
            }
        }
    }

    /// A size that differs means a damaged object, which is then written again.
    async fn holds(&self, target: &Target) -> Result<bool> {
        if target.replaces {
            return Ok(false);
        }
        match self.size(&target.object).await {
            Ok(size) => Ok(size == target.size),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A content that has arrived and has no key of its own yet. Dropping it removes what was written.
pub struct Received {
    store: TenantStore,
    stored: Stored,
    head: Bytes,
    content: Content,
}

enum Content {
    Short(Bytes),
    Staged(Staged),
    /// An object that its owner removes.
    Object(String),
}

impl Received {
    /// What it will be when it is published. Where the storage failed on the way it is too short, and publishing fails.
    pub fn stored(&self) -> Stored {
        self.stored
    }

    /// Its first bytes, which tell what it is.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Gives the content the key of an edition, where it is not there already. From then on it can be read.
    pub async fn publish(self, edition: u32) -> Result<Stored> {
        self.write(edition, false).await
    }

    /// The same in place of whatever is there.
    pub async fn replace(self, edition: u32) -> Result<Stored> {
        self.write(edition, true).await
    }

    async fn write(self, edition: u32, replaces: bool) -> Result<Stored> {
        let Self { store, stored, content, .. } = self;
        let target = Target { object: stored.sha256.edition(edition), size: stored.size, replaces };
        match content {
            Content::Staged(staged) => staged.finish(target).await?,
            Content::Short(_) | Content::Object(_) if store.holds(&target).await? => {}
            Content::Object(key) => store.copy_to_blob(&key, &target).await?,
            // Where objects can be renamed, they are files, and writing one in place would show it half written.
            Content::Short(bytes) if store.backend.operator.info().capability().rename => {
                Staged::start(&store, bytes).await.finish(target).await?;
            }
            Content::Short(bytes) => {
                let key = store.keys.blob(&target.object);
                store.backend.operator.write(&key, bytes).await.map_err(storage_error)?;
            }
        }
        Ok(stored)
    }
}

/// What a content becomes when it is published.
#[derive(Debug, Clone, Copy)]
struct Target {
    object: ObjectId,
    size: u64,
    /// Whatever is there already.
    replaces: bool,
}

/// The source, with everything that is learnt while reading it.
struct Intake<R> {
    source: R,
    hasher: Sha256,
    size: u64,
    max_bytes: u64,
}

impl<R: AsyncRead + Send + Unpin> Intake<R> {
    fn new(source: R, max_bytes: u64) -> Self {
        Self { source, hasher: Sha256::new(), size: 0, max_bytes }
    }

    /// The next `length` bytes; fewer only at the end.
    async fn read(&mut self, length: usize) -> Result<Bytes> {
        let mut chunk = BytesMut::new();
        while chunk.len() < length {
            let start = chunk.len();
            chunk.reserve((length - start).min(64 * 1024));
            let mut source = (&mut self.source).take((length - start) as u64);
            if source.read_buf(&mut chunk).await.map_err(source_error)? == 0 {
                break;
            }
            self.hasher.update(&chunk[start..]);
            self.size += (chunk.len() - start) as u64;
            if self.size > self.max_bytes {
                return Err(Error::new(Kind::TooLarge, format!("The content is larger than {} bytes", self.max_bytes)));
            }
        }
        Ok(chunk.freeze())
    }

    fn finish(self) -> Stored {
        Stored { sha256: ContentHash::from_bytes(self.hasher.finalize().into()), size: self.size }
    }
}

fn source_error(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::bad_request("The content could not be read to its end").caused_by(error),
    }
}

enum Step {
    Write(Bytes),
    Publish(Target),
}

/// A content on its way to a temporary key. Dropping it removes what was written.
struct Staged {
    steps: mpsc::Sender<Step>,
    task: JoinHandle<Result<()>>,
}

impl Staged {
    async fn start(store: &TenantStore, head: Bytes) -> Self {
        let (steps, inbox) = mpsc::channel(1);
        let store = store.clone();
        let task = async move {
            let key = store.keys.upload();
            let outcome = store.stage(&key, inbox).await;
            if !matches!(outcome, Ok(true)) {
                store.remove_staged(&key).await;
            }
            outcome.map(|_| ())
        };
        let staged = Self { steps, task: tokio::spawn(task.in_current_span()) };
        // A task that is gone already is noticed by the next step.
        let _ = staged.steps.send(Step::Write(head)).await;
        staged
    }

    /// False if the task has failed; `finish` then says why.
    async fn push(&self, chunk: &Bytes) -> bool {
        self.steps.send(Step::Write(chunk.clone())).await.is_ok()
    }

    async fn finish(self, target: Target) -> Result<()> {
        // If the task is gone, its own result tells more than the failed send.
        let _ = self.steps.send(Step::Publish(target)).await;
        self.task.await.map_err(stopped)?
    }

    /// Returns when what was written is removed again.
    async fn abandon(self) -> Result<()> {
        drop(self.steps);
        self.task.await.map_err(stopped)?
    }
}

fn stopped(error: JoinError) -> Error {
    Error::internal("An upload stopped unexpectedly").caused_by(error)
}

impl TenantStore {
    /// Writes what arrives; true if it was published, false if the sender gave up.
    async fn stage(&self, key: &str, mut inbox: mpsc::Receiver<Step>) -> Result<bool> {
        // Only a writer of parts may gather its input; a file takes it as it comes.
        let writer = match self.backend.operator.info().capability().write_multi_min_size {
            Some(_) => self.backend.operator.writer_with(key).chunk(PART).await,
            None => self.backend.operator.writer(key).await,
        };
        let mut writer = writer.map_err(storage_error)?;
        let outcome = loop {
            match inbox.recv().await {
                Some(Step::Write(chunk)) => {
                    if let Err(error) = writer.write(chunk).await {
                        break Err(error);
                    }
                }
                Some(Step::Publish(target)) => break writer.close().await.map(|_| Some(target)),
                None => break Ok(None),
            }
        };
        if !matches!(outcome, Ok(Some(_))) {
            // Files cannot abort; removing the temporary key covers them.
            let aborted = writer.abort().await;
            tracing::debug!(aborted = aborted.is_ok(), "an upload was given up");
        }
        // The writer holds a permit; waiting for another one while holding it could block every upload at once.
        drop(writer);
        match outcome.map_err(storage_error)? {
            Some(target) => self.publish(key, &target).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Moves a complete content to its own key.
    async fn publish(&self, staged: &str, target: &Target) -> Result<()> {
        let operator = &self.backend.operator;
        let key = self.keys.blob(&target.object);
        if self.holds(target).await? {
            self.remove_staged(staged).await;
            return Ok(());
        }
        if operator.info().capability().rename {
            operator.rename(staged, &key).await.map_err(staged_error)?;
        } else {
            self.copy_to_blob(staged, target).await?;
            self.remove_staged(staged).await;
        }
        match &self.backend.root {
            Some(root) => sync_directories(root, &key).await,
            None => Ok(()),
        }
    }

    async fn copy_to_blob(&self, from: &str, target: &Target) -> Result<()> {
        let key = self.keys.blob(&target.object);
        let copy = self.backend.operator.copy_with(from, &key);
        copy.chunk(COPY_STEP).source_content_length_hint(target.size).await.map(|_| ()).map_err(staged_error)
    }

    /// A failure here leaves an object that `sweep_remains` finds later, so it fails nothing else.
    async fn remove_staged(&self, key: &str) {
        if let Err(error) = self.backend.operator.delete(key).await {
            tracing::warn!(key, %error, "a temporary object could not be removed");
        }
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
