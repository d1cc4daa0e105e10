//! The meta engine: item types and properties as data, and items of every type through one set of commands.
//!
//! A part, a document and a BOM line are all items; a relationship is an item with a source and a related item. What sets
//! types apart — numbering, uniqueness, no cycles, which values fit — are columns of the type, not code.
//!
//! Not here: what a BOM means (`bom`); what a state forbids (`lifecycle`); who may (`permission`).

mod add;
mod aml;
mod apply;
mod defaults;
mod delete;
mod get;
mod graph;
mod item;
mod item_type;
mod mirrors;
mod model;
mod numbering;
mod period;
mod promote;
mod references;
mod relate;
mod repo;
mod schema;
mod seed;
mod typed;
mod types;
mod unique;
mod update;
mod values;
mod views;
mod write;

pub use add::add_item;
pub use aml::{AmlAction, AmlItem};
pub use apply::{Applied, apply};
pub use defaults::DefaultExpression;
pub use get::{find_by_number, find_by_numbers, find_by_prefix, get_item, get_item_type, require_item, states_of};
pub use graph::{Graph, descend};
pub use item::{Item, parse_id};
pub use mirrors::ItemView;
pub use model::{DataType, IndexStatus, ItemType, Model, Property};
pub use numbering::draws_number;
pub use period::{Period, recorded_period};
pub use relate::{add_relationship, locked_lines, remove_relationship};
pub use repo::visible::visible;
pub use schema::json_schema;
pub use seed::seed_model;
pub use typed::parse_moment;
pub use types::{
    NewProperty, NewType, PROPERTY_INDEX_JOB, PropertyChange, PropertyIndexJob, TypeChange, add_property,
    assign_permission, change_item_type, change_property, create_item_type, delete_item_type, delete_property,
    forget_model, list_item_types, refresh_item_type,
};
pub use update::update_item;
pub use values::{Values, normalise, text_value};
pub use views::{NewView, View, ViewKind, ViewQuery, delete_view, find_view, put_view};
pub use write::{Turns, Write};

#[cfg(test)]
mod rights_tests;
