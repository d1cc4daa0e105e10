//! What integration tests stand on: fresh installations on each pair of database and storage, the real server process,
//! and a client for it. No product rules, and no tests of the product.

pub mod backend;
pub mod client;
pub mod contents;
pub mod database;
pub mod faults;
pub mod files;
pub mod postgres;
pub mod receiver;
pub mod s3;
pub mod samples;
pub mod server;
pub mod servers;
pub mod world;

pub(crate) use backend::on_every_backend;
pub use backend::{Backend, Installation};
