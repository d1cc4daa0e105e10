//! Taking a part through this server: exactly as long as it was said to be, whole or not at all.

use std::io;

use opendal::Writer;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::bytes::BytesMut;
use tracing::Instrument;

use super::{PartedUpload, TenantStore};
use crate::error::{Error, Kind, Result};
use crate::storage::errors::storage_error;

/// How much is read before it is passed on.
const CHUNK: usize = 1024 * 1024;
/// Parts up to this size are one request to an S3 storage; a longer one is sent in pieces.
const PIECE: usize = 16 * 1024 * 1024;

impl TenantStore {
    /// Stores a part of exactly `size` bytes, in place of an earlier one of that number.
    ///
    /// Errors: `TooLarge` for more bytes and `BadRequest` for fewer, or if the source fails (an [`Error`] inside its
    /// [`io::Error`] is passed on as it is). An earlier part stays as it was then.
    pub async fn put_part(
        &self,
        upload: &PartedUpload,
        number: u32,
        size: u64,
        source: impl AsyncRead + Send + Unpin,
    ) -> Result<()> {
        if upload.multipart.is_some() {
            return Err(Error::conflict("This upload's parts go straight to the storage")
                .code("PART_HAS_A_LINK", "Send the part to the url that is listed for it, with PUT."));
        }
        let key = self.keys.part(upload.id, number);
        let operator = &self.backend.operator;
        // Elsewhere an object appears when it is whole; a file would be seen half written.
        if !operator.info().capability().rename {
            return self.write_part(&key, size, source).await;
        }
        let arriving = Arriving { store: self, key: Some(self.keys.arriving_part(upload.id)) };
        self.write_part(arriving.key(), size, source).await?;
        operator.rename(arriving.key(), &key).await.map_err(storage_error)?;
        arriving.done();
        Ok(())
    }

    async fn write_part(&self, key: &str, size: u64, source: impl AsyncRead + Send + Unpin) -> Result<()> {
        let operator = &self.backend.operator;
        let writer = match operator.info().capability().write_multi_min_size {
            Some(_) => operator.writer_with(key).chunk(PIECE).await,
            None => operator.writer(key).await,
        };
        let mut writer = writer.map_err(storage_error)?;
        let outcome = match copy(source, &mut writer, size).await {
            Ok(()) => writer.close().await.map(|_| ()).map_err(storage_error),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            // Files cannot abort; whoever named the key removes them.
            let aborted = writer.abort().await;
            tracing::debug!(aborted = aborted.is_ok(), "a part was given up");
        }
        outcome
    }
}

async fn copy(mut source: impl AsyncRead + Send + Unpin, writer: &mut Writer, size: u64) -> Result<()> {
    let mut left = size;
    loop {
        // One byte more than is left tells whether there is more.
        let most = left.saturating_add(1).min(CHUNK as u64);
        let mut chunk = BytesMut::with_capacity(usize::try_from(most).unwrap_or(CHUNK));
        while (chunk.len() as u64) < most {
            let wanted = most - chunk.len() as u64;
            if (&mut source).take(wanted).read_buf(&mut chunk).await.map_err(source_error)? == 0 {
                break;
            }
        }
        let length = chunk.len() as u64;
        if length > left {
            return Err(Error::new(
                Kind::TooLarge,
                format!("The part has more than the {size} bytes that it should have"),
            )
            .code("PART_TOO_LARGE", "Send exactly the bytes of this part.")
            .details(serde_json::json!({ "expected": size })));
        }
        if length > 0 {
            writer.write(chunk.freeze()).await.map_err(storage_error)?;
        }
        left -= length;
        if length < most {
            break;
        }
    }
    if left == 0 {
        return Ok(());
    }
    let sent = size - left;
    Err(Error::bad_request(format!("The part has {sent} bytes instead of {size}"))
        .code("PART_TOO_SHORT", "Send exactly the bytes of this part.")
        .details(serde_json::json!({ "expected": size, "received": sent })))
}

fn source_error(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::bad_request("The part could not be read to its end").caused_by(error),
    }
}

/// The file of a part that is still arriving. Dropping it removes the file, also when the client hangs up.
struct Arriving<'a> {
    store: &'a TenantStore,
    key: Option<String>,
}

impl Arriving<'_> {
    fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    fn done(mut self) {
        self.key = None;
    }
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        let (Some(key), Ok(runtime)) = (self.key.take(), tokio::runtime::Handle::try_current()) else { return };
        let store = self.store.clone();
        let remove = async move {
            if let Err(error) = store.backend.operator.delete(&key).await {
                // The end of the upload removes its whole directory.
                tracing::debug!(key, %error, "a part that was given up could not be removed");
            }
        };
        runtime.spawn(remove.in_current_span());
    }
}
