//! What change orders do to an item. There are none yet: the shapes stand for clients that read them.

use std::collections::BTreeMap;

use poem_openapi::Object;

use crate::api::shapes::Time;

#[derive(Object)]
struct ProductChange {
    eco_id: String,
    name: String,
    state: String,
    stage_id: Option<String>,
    stage_name: Option<String>,
    approval_deadline: Option<Time>,
    product_version_before: Option<String>,
    product_version_after: Option<String>,
    created_at: Option<Time>,
    updated_at: Option<Time>,
}

#[derive(Object)]
struct ProductApproval {
    eco_id: String,
    eco_name: String,
    eco_state: String,
    stage_id: Option<String>,
    stage_name: Option<String>,
    approval_type: Option<String>,
    approval_deadline: Option<Time>,
    is_overdue: bool,
    hours_left: Option<f64>,
}

#[derive(Object, Default)]
struct ProductApprovals {
    count: u64,
    items: Vec<ProductApproval>,
}

/// Change orders of the item.
#[derive(Object)]
pub struct ProductChangeSummary {
    authorized: bool,
    count: u64,
    state_counts: BTreeMap<String, u64>,
    pending_approvals: ProductApprovals,
    last_applied: Option<ProductChange>,
    items: Vec<ProductChange>,
}

impl ProductChangeSummary {
    pub fn none() -> Self {
        Self {
            authorized: true,
            count: 0,
            state_counts: BTreeMap::new(),
            pending_approvals: ProductApprovals::default(),
            last_applied: None,
            items: Vec::new(),
        }
    }
}
