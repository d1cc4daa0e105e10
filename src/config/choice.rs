//! Settings with a fixed list of allowed words.

/// Defines an enum that is read from, and printed as, one word per variant.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
        pub enum $name {
            $($(#[$meta])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// The word as it stands in a configuration file.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }
    };
}

pub(super) use choice;
