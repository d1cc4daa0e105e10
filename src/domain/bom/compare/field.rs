//! The fields of lines that are compared, and how much a difference of each matters.

/// How much a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Minor,
    Major,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// A field that every comparison knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineField {
    Quantity,
    Uom,
    FindNum,
    Refdes,
    EffectivityFrom,
    EffectivityTo,
    Effectivities,
    Substitutes,
    ConfigCondition,
}

impl LineField {
    pub const ALL: [Self; 9] = [
        Self::Quantity,
        Self::Uom,
        Self::FindNum,
        Self::Refdes,
        Self::EffectivityFrom,
        Self::EffectivityTo,
        Self::Effectivities,
        Self::Substitutes,
        Self::ConfigCondition,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::Uom => "uom",
            Self::FindNum => "find_num",
            Self::Refdes => "refdes",
            Self::EffectivityFrom => "effectivity_from",
            Self::EffectivityTo => "effectivity_to",
            Self::Effectivities => "effectivities",
            Self::Substitutes => "substitutes",
            Self::ConfigCondition => "config_condition",
        }
    }

    pub fn severity(self) -> Severity {
        match self {
            Self::Quantity | Self::Uom | Self::EffectivityFrom | Self::EffectivityTo | Self::Effectivities => {
                Severity::Major
            }
            Self::FindNum | Self::Refdes | Self::Substitutes => Severity::Minor,
            Self::ConfigCondition => Severity::Info,
        }
    }

    /// The form in which values are compared.
    pub fn normalized(self) -> &'static str {
        match self {
            Self::Quantity => "float",
            Self::Uom => "upper-case string",
            Self::FindNum => "trimmed string",
            Self::Refdes => "sorted list of designators",
            Self::EffectivityFrom | Self::EffectivityTo => "ISO 8601 in UTC",
            Self::Effectivities => "sorted list of type|start|end|payload",
            Self::Substitutes => "sorted list of item|rank|note",
            Self::ConfigCondition => "JSON",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Quantity => "How many of the child its parent needs, as an exact decimal.",
            Self::Uom => "The unit of the quantity.",
            Self::FindNum => "The line's number on the drawing.",
            Self::Refdes => "Reference designators as a set; R1-R3 is R1, R2, R3.",
            Self::EffectivityFrom => "From when the line holds.",
            Self::EffectivityTo => "Until when the line holds.",
            Self::Effectivities => "When and for which lots, serial numbers and units the line holds.",
            Self::Substitutes => "What may stand in for the child.",
            Self::ConfigCondition => "The options for which the line holds.",
        }
    }
}

/// A field that one comparison looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compared {
    Line(LineField),
    /// The child, in another of its versions. Looked at wherever one side has several of one item.
    ChildVersion,
    /// A property of lines beside those that every comparison knows.
    Other(String),
}

impl Compared {
    pub fn of(name: &str) -> Self {
        let known = LineField::ALL.into_iter().find(|field| field.name() == name);
        known.map_or_else(|| Self::Other(name.to_owned()), Self::Line)
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Line(field) => field.name(),
            Self::ChildVersion => "child_version",
            Self::Other(name) => name,
        }
    }

    pub fn severity(&self) -> Severity {
        match self {
            Self::Line(field) => field.severity(),
            Self::ChildVersion | Self::Other(_) => Severity::Info,
        }
    }
}
