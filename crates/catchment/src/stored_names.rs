//! Names that are stored.

/// Gives the variants of an enum the names that they are stored and shown by.
macro_rules! stored_names {
    ($type:ident, $what:literal, $($variant:ident = $name:literal),+) => {
        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The one of that name.
            ///
            /// # Errors
            /// `config`, with the names there are.
            pub fn from_name(name: &str) -> catchment_core::Result<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == name).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    let message = format!("unknown {} `{name}`; use one of: {}", $what, known.join(", "));
                    catchment_core::Error::config("unknown_name", message)
                })
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
