//! Buckets on the test run's S3 server. The server shows each folder of its root as a bucket, so no S3 call is needed.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::servers::Servers;

pub fn folder(bucket: &str) -> PathBuf {
    PathBuf::from(&Servers::get().s3_root).join(bucket)
}

pub fn create_bucket(bucket: &str) -> io::Result<()> {
    fs::create_dir(folder(bucket))
}

pub fn drop_bucket(bucket: &str) -> io::Result<()> {
    match fs::remove_dir_all(folder(bucket)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
