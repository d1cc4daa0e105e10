//! When versions, items and lines are used: by date, lot, serial number or unit.
//!
//! Not here: what that means for a BOM (`bom`).

mod in_force;
mod manage;
mod model;

pub use in_force::effective_version;
pub use manage::{
    EffectivityChange, NewEffectivity, add_effectivity, change_effectivity, delete_effectivity, effectivities_of_item,
    effectivities_of_version, get_effectivity,
};
pub use model::{Effectivity, EffectivityKind};
