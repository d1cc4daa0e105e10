//! Versions of items: reading them, and checking them out and in.

mod check_outs;
mod reads;
mod shapes;

pub use check_outs::CheckOutsApi;
pub use reads::VersionsApi;
