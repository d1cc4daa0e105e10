//! The meta engine: item types and properties as data, and items of every type through one set of commands.
//!
//! A part, a document and a BOM line are all items; a relationship is an item with a source and a related item. What sets
//! types apart — numbering, uniqueness, no cycles, which values fit — are columns of the type, not code.
//!
//! Not here: what a BOM means (`bom`); what a state forbids (`lifecycle`); who may (`permission`).

mod access;
mod add;
mod aml;
mod apply;
mod basis;
mod bulk;
mod check_outs;
mod defaults;
mod delete;
mod get;
mod graph;
mod hooks;
mod item;
mod item_type;
mod labels;
mod mirrors;
mod model;
mod numbering;
mod period;
mod promote;
mod query;
mod references;
mod relate;
mod relate_many;
mod release_policy;
mod repo;
mod revision;
mod schema;
mod seed;
mod shown;
mod steps;
mod typed;
mod types;
mod unique;
mod update;
mod values;
mod versions;
mod views;
mod write;

pub use access::{ItemAccess, ItemAccessChange, change_item_access, item_access};
pub use add::add_item;
pub use aml::{AmlAction, AmlItem};
pub use apply::{Applied, apply};
pub use basis::{Basis, ETag, ETags};
pub use bulk::{BulkApplied, BulkFailure, add_items, apply_all};
pub use check_outs::{CheckOut, check_outs_of_others, holder};
pub use defaults::DefaultExpression;
pub use delete::delete_item;
pub use get::{
    find_by_number, find_by_numbers, find_by_prefix, get_item, get_item_type, get_item_types, require_item, states_of,
    with_numbers,
};
pub use graph::{
    End, Graph, ascend, ascend_once, descend, descend_within, leads, lines_at, lines_of_all, readable_among, used_among,
};
pub use item::{FIELDS, Item, parse_id};
pub use labels::{LABEL_SIGN, Labels};
pub use mirrors::{Expanded, ItemView};
pub use model::{DataType, IndexStatus, ItemType, Model, Property};
pub use numbering::{
    Counter, Numbering, NumberingChange, Preview, draws_number, get_numbering, preview_number, set_numbering,
};
pub use period::{Period, recorded_period};
pub use query::{Expand, Page, Query, get_expanded, query};
pub use relate::{
    add_relationship, add_relationship_again, exists, locked_lines, prepare_line, remove_relationship,
    retarget_relationship,
};
pub use relate_many::add_relationships;
pub use release_policy::{ReleasePolicy, release_policy, set_release_policy};
pub use repo::history::Taken;
pub use repo::visible::visible;
pub use revision::{
    NewScheme, Reading, RevisionScheme, Scheme, SchemeType, add_scheme, compare as compare_revisions, list_schemes,
    next_revision, read as read_revision, scheme_for_type,
};
pub use schema::json_schema;
pub use seed::seed_model;
pub use steps::{History, NextStep, item_history, next_steps, release_obstacles, transitions_of};
pub use typed::{parse_end, parse_moment, query_moment};
pub use types::{
    NewProperty, NewType, PROPERTY_INDEX_JOB, PropertyChange, PropertyIndexJob, TypeChange, add_property,
    assign_permission, change_item_type, change_property, create_item_type, delete_item_type, delete_property,
    forget_model, list_item_types, refresh_item_type,
};
pub use update::{lock_items, lock_to_change, prepare_change, require_locked_item, update_item};
pub use values::{Values, normalise, same_value, text_value};
pub use versions::{
    MAIN, VERSION, VersionEvent, copy_files, copy_lines, ensure_version, has_versions, log_version_event,
    open_revision, require_files_given_back, start_state, structure_kinds, take_files,
};
pub use views::{NewView, View, ViewKind, ViewQuery, delete_view, find_view, put_view};
pub use write::{Turns, Write};

#[cfg(test)]
mod administration_tests;
#[cfg(test)]
mod lines_tests;
#[cfg(test)]
mod rights_tests;
