//! Making a storage ready: the bucket or directory, then each thing that files need of it, tried in turn.

use std::time::Duration;

use url::Url;
use uuid::Uuid;

use super::answer::Answer;
use super::bucket::{ABORT_AFTER_DAYS, Bucket, Presence, Rule};
use super::check::{Check, Verdict};
use super::errors::storage_error;
use super::operator::{Backend, S3Target, StorageTarget};
use super::{ObjectPlace, Storage, keys};
use crate::error::{Error, Result};

impl Storage {
    /// Makes the bucket where it is missing, tries writing, reading, deleting and links, and has unfinished uploads cleared
    /// away. Repeatable; what does not work is in the result.
    ///
    /// `secure` says that browsers reach the server itself over HTTPS.
    ///
    /// Errors: `Config` for a place that this storage cannot have.
    pub async fn prepare(&self, place: &ObjectPlace, secure: bool) -> Result<Vec<Check>> {
        let backend = self.backend_of(place)?;
        let mut checks = Vec::new();
        let bucket = match &backend.target {
            StorageTarget::S3(s3) => {
                let bucket = backend.bucket(s3).await?;
                checks.push(presence(s3, bucket.ensure().await));
                Some(bucket)
            }
            StorageTarget::Local { path } => {
                // Connecting has made it.
                checks.push(Check::passed("directory", format!("{} is there", path.display())));
                None
            }
            StorageTarget::Memory => None,
        };
        if !checks.iter().any(Check::is_failed) {
            checks.extend(backend.try_objects().await);
        }
        if checks.iter().any(Check::is_failed) {
            return Ok(checks);
        }
        if let Some(bucket) = bucket {
            checks.push(rule(bucket.ensure_rule().await));
        }
        checks.extend(backend.check_links(secure).await);
        Ok(checks)
    }
}

impl Backend {
    /// The bucket at the address that the operator itself uses, whatever decided on it.
    pub(super) async fn bucket(&self, s3: &S3Target) -> Result<Bucket> {
        let key = keys::probe();
        let signed = self.operator.presign_read(&key, Duration::from_secs(60)).await.map_err(storage_error)?;
        let odd = |error: String| Error::internal("The address of the bucket is not valid").caused_by(error);
        let mut url = Url::parse(&signed.uri().to_string()).map_err(|error| odd(error.to_string()))?;
        let path = url.path().strip_suffix(&key).ok_or_else(|| odd(url.path().to_owned()))?.to_owned();
        let path = if path == "/" { path } else { path.trim_end_matches('/').to_owned() };
        url.set_path(&path);
        url.set_query(None);
        Ok(Bucket::new(s3, url))
    }

    /// Writes, reads and deletes a small object; ends with the first that fails.
    async fn try_objects(&self) -> Vec<Check> {
        let (key, operator) = (keys::probe(), &self.operator);
        let content = Uuid::new_v4().as_bytes().to_vec();
        let mut checks = Vec::new();
        let written = operator.write(&key, content.clone()).await.map(|_| ());
        checks.push(self.step("write", "an object was written", written.map_err(storage_error)));
        if checks.iter().any(Check::is_failed) {
            return checks;
        }
        let same = match operator.read(&key).await {
            Ok(read) if read.to_vec() == content => Ok(()),
            Ok(_) => Err(Error::internal("The file storage returned other bytes than were written")),
            Err(error) => Err(storage_error(error)),
        };
        checks.push(self.step("read", "it was read back unchanged", same));
        let deleted = operator.delete(&key).await.map_err(storage_error);
        checks.push(self.step("delete", "it was deleted", deleted));
        checks
    }

    fn step(&self, check: &'static str, passed: &str, done: Result<()>) -> Check {
        match done {
            Ok(()) => Check::passed(check, passed),
            Err(error) => Check::failed(check, error.chain()).advise(match &self.target {
                StorageTarget::S3(_) => match check {
                    "write" => "allow the key s3:PutObject on the bucket; see that the server is up and has room",
                    "read" => "allow the key s3:GetObject on the bucket",
                    _ => "allow the key s3:DeleteObject on the bucket",
                },
                _ => "make the directory one that the user of this program owns, on a disk with room, not mounted read-only",
            }),
        }
    }
}

fn presence(s3: &S3Target, done: Result<Presence>) -> Check {
    let name = &s3.bucket;
    match done {
        Ok(Presence::There) => Check::passed("bucket", format!("{name} is there")),
        Ok(Presence::Made) => Check::passed("bucket", format!("{name} was made")),
        Ok(Presence::Unknown(answer)) => {
            Check::new("bucket", Verdict::Skipped, format!("the key may not ask for {name} ({})", answer.shown()))
        }
        Ok(Presence::Refused(answer)) => {
            let check = Check::failed("bucket", format!("{name}: {}", answer.shown()));
            advice_on_refusal(&answer).into_iter().fold(check, Check::advise)
        }
        Err(error) => {
            let endpoint = s3.endpoint_url.as_deref().unwrap_or("Amazon S3");
            Check::failed("bucket", error.chain())
                .advise(format!("see that {endpoint} is reachable from this machine (storage.s3.endpoint_url)"))
                .advise("see that storage.s3.access_key_id and secret_access_key are set, or the machine has a role")
        }
    }
}

fn advice_on_refusal(answer: &Answer) -> Vec<String> {
    let moved = answer.region.as_ref().map(|region| format!("set storage.s3.region to {region}"));
    let by_code = match (answer.status, answer.code.as_deref()) {
        (409, _) => "somebody else has a bucket of this name: choose another (storage.s3.bucket)",
        (400, _) => "see that the name is one S3 takes (a-z, 0-9, dots, hyphens) and that storage.s3.region fits",
        (301 | 307 | 308, _) => "the bucket is in another region: set storage.s3.region",
        (401 | 403, _) => {
            "allow the key s3:CreateBucket, or have the bucket made by someone who may; check id and secret"
        }
        _ => "see the log of the S3 server",
    };
    moved.into_iter().chain([by_code.to_owned()]).collect()
}

/// A bucket without the rule works; it only grows.
fn rule(done: Result<Rule>) -> Check {
    let name = "unfinished_uploads";
    let by_hand =
        format!("have it clear away unfinished multipart uploads after {ABORT_AFTER_DAYS} days by its own means");
    match done {
        Ok(Rule::There) => Check::passed(name, "the bucket clears away unfinished uploads"),
        Ok(Rule::Made) => {
            Check::passed(name, format!("the bucket clears away unfinished uploads after {ABORT_AFTER_DAYS} days now"))
        }
        Ok(Rule::Refused(answer)) if answer.status == 403 => {
            Check::new(name, Verdict::Warning, format!("the key may not set lifecycle rules ({})", answer.shown()))
                .advise(
                    "allow it s3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration, or set the rule yourself",
                )
        }
        Ok(Rule::Refused(answer)) => {
            Check::new(name, Verdict::Skipped, format!("this server takes no lifecycle rules ({})", answer.shown()))
                .advise(by_hand)
        }
        Err(error) => Check::new(name, Verdict::Warning, error.chain()).advise(by_hand),
    }
}
