//! Where file contents are kept: a local directory, an S3 bucket, or memory.
//!
//! The only module that imports opendal. Nothing reaches an object except through a [`TenantStore`], and a
//! [`TenantStore`] always belongs to one tenant and organisation. Names, types and permissions of files do not belong
//! here: a content is known by its SHA-256 alone.

mod answer;
mod blob;
mod bucket;
mod check;
mod copy;
mod diagnosis;
mod disposition;
mod errors;
mod health;
mod keys;
mod links;
mod list;
mod local;
mod location;
mod multipart;
mod operator;
mod parts;
mod place;
mod prepare;
mod signing;
mod upload;

use std::sync::Once;

pub use blob::{Blob, ByteStream, DAMAGED, TenantStore, damaged, out_of_range};
pub use check::{Check, Verdict};
pub use copy::Copied;
pub use disposition::content_disposition;
pub use health::Health;
pub use keys::{ContentHash, ObjectId};
pub use links::Sample;
pub use list::{Listed, Remains};
pub use location::Location;
pub use operator::{Description, Encryption, S3Target, Storage, StorageTarget};
pub use parts::{PartLink, PartedUpload, StoredPart};
pub use place::ObjectPlace;
pub use upload::{Received, Stored};

/// Installs the process-wide TLS provider and HTTP transport that S3 and every other HTTPS client need.
///
/// Safe to call any number of times; an already installed TLS provider stays.
pub fn install_transport() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Err only says that a provider is there already, which is what is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        opendal_http_transport_reqwest::install_default();
    });
}
