//! Changing the model itself: item types and their properties. For administrators; each change is one transaction, and no
//! write of an item comes between its checks and its end.

mod change;
mod check;
mod given;
mod index_job;
mod item_types;
mod properties;
mod refit;
mod refresh;

pub use given::{NewProperty, NewType, PropertyChange, TypeChange};
pub use index_job::{PROPERTY_INDEX_JOB, PropertyIndexJob};
pub use item_types::{assign_permission, change_item_type, create_item_type, delete_item_type, list_item_types};
pub use properties::{add_property, change_property, delete_property};
pub use refresh::{forget_model, refresh_item_type};

pub(in crate::domain::meta) use change::{ModelChange, require_administrator};

#[cfg(test)]
mod model_tests;
