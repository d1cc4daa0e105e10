//! By what a line is found again on another side.

use super::values::Normalized;
use super::walk::Part;

/// What makes two lines of counterparts the same line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LineKey {
    #[default]
    ChildConfig,
    ChildConfigUom,
    ChildConfigFindNum,
    ChildConfigRefdes,
    ChildConfigFindRefdes,
    ChildConfigFindNumQty,
    ChildId,
    ChildIdFindNum,
    ChildIdRefdes,
    ChildIdFindRefdes,
    ChildIdFindNumQty,
    RelationshipId,
    LineFull,
    ChildNumber,
}

/// What makes an item of one side the counterpart of one of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// What it is, through all its generations.
    Config,
    Id,
    /// Its number, whatever item bears it.
    Number,
}

/// What a key names beside the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More {
    Nothing,
    Uom,
    FindNum,
    Refdes,
    FindRefdes,
    FindNumQty,
    Relationship,
    Full,
}

impl LineKey {
    pub const ALL: [Self; 14] = [
        Self::ChildConfig,
        Self::ChildConfigUom,
        Self::ChildConfigFindNum,
        Self::ChildConfigRefdes,
        Self::ChildConfigFindRefdes,
        Self::ChildConfigFindNumQty,
        Self::ChildId,
        Self::ChildIdFindNum,
        Self::ChildIdRefdes,
        Self::ChildIdFindRefdes,
        Self::ChildIdFindNumQty,
        Self::RelationshipId,
        Self::LineFull,
        Self::ChildNumber,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::ChildConfig => "child_config",
            Self::ChildConfigUom => "child_config_uom",
            Self::ChildConfigFindNum => "child_config_find_num",
            Self::ChildConfigRefdes => "child_config_refdes",
            Self::ChildConfigFindRefdes => "child_config_find_refdes",
            Self::ChildConfigFindNumQty => "child_config_find_num_qty",
            Self::ChildId => "child_id",
            Self::ChildIdFindNum => "child_id_find_num",
            Self::ChildIdRefdes => "child_id_refdes",
            Self::ChildIdFindRefdes => "child_id_find_refdes",
            Self::ChildIdFindNumQty => "child_id_find_num_qty",
            Self::RelationshipId => "relationship_id",
            Self::LineFull => "line_full",
            Self::ChildNumber => "child_number",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    pub fn identity(self) -> Identity {
        match self {
            Self::ChildId
            | Self::ChildIdFindNum
            | Self::ChildIdRefdes
            | Self::ChildIdFindRefdes
            | Self::ChildIdFindNumQty => Identity::Id,
            Self::ChildNumber => Identity::Number,
            _ => Identity::Config,
        }
    }

    fn more(self) -> More {
        match self {
            Self::ChildConfig | Self::ChildId | Self::ChildNumber => More::Nothing,
            Self::ChildConfigUom => More::Uom,
            Self::ChildConfigFindNum | Self::ChildIdFindNum => More::FindNum,
            Self::ChildConfigRefdes | Self::ChildIdRefdes => More::Refdes,
            Self::ChildConfigFindRefdes | Self::ChildIdFindRefdes => More::FindRefdes,
            Self::ChildConfigFindNumQty | Self::ChildIdFindNumQty => More::FindNumQty,
            Self::RelationshipId => More::Relationship,
            Self::LineFull => More::Full,
        }
    }

    /// Whether the key of a line takes more than its child.
    pub(super) fn needs_values(self) -> bool {
        !matches!(self.more(), More::Nothing | More::Relationship)
    }

    /// The key of a line within its assembly: parts joined by `::`.
    pub(super) fn within(self, child: &str, relationship: uuid::Uuid, values: &Normalized) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let refdes = || values.refdes.as_ref().map(|all| all.join(",")).unwrap_or_default();
        let quantity = || values.quantity.map(|quantity| quantity.normalize().to_string()).unwrap_or_default();
        match self.more() {
            More::Nothing => child.to_owned(),
            More::Uom => format!("{child}::{}", text(&values.uom)),
            More::FindNum => format!("{child}::{}", text(&values.find_num)),
            More::Refdes => format!("{child}::{}", refdes()),
            More::FindRefdes => format!("{child}::{}::{}", text(&values.find_num), refdes()),
            More::FindNumQty => format!("{child}::{}::{}", text(&values.find_num), quantity()),
            More::Relationship => relationship.to_string(),
            More::Full => {
                let condition = values.config_condition.as_ref().map(ToString::to_string).unwrap_or_default();
                let (from, to) = (text(&values.effectivity_from), text(&values.effectivity_to));
                let (find_num, uom) = (text(&values.find_num), text(&values.uom));
                format!("{child}::{uom}::{find_num}::{}::{}::{from}::{to}::{condition}", refdes(), quantity())
            }
        }
    }
}

impl Identity {
    /// Items without a number are known by what they are.
    pub(super) fn of(self, part: &Part<'_>) -> String {
        match (self, part.number) {
            (Self::Id, _) => part.item.id.to_string(),
            (Self::Number, Some(number)) => number.to_owned(),
            (Self::Number, None) | (Self::Config, _) => part.item.config_id.to_string(),
        }
    }
}
