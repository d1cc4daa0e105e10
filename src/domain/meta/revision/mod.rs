//! How revisions are called, one after the other, and the schemes that an organisation has for it.

mod name;
mod scheme;
mod schemes;

pub use name::{Reading, SchemeType, compare, read};
pub use scheme::Scheme;
pub use schemes::{NewScheme, RevisionScheme, add_scheme, list_schemes, next_revision, scheme_for_type};

pub(super) use schemes::Schemes;
