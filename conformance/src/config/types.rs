//! `[types.NAME]`: settings of one customer type.

use super::error::{ConfigError, Place};
use super::pattern::NumberPattern;
use super::reader::Section;

/// The settings of one customer type.
#[derive(Debug, Clone)]
pub struct TypeConfig {
    /// The customer type, as the contract spells it; checked when the target is resolved.
    pub name: String,
    /// Where the section begins.
    pub place: Option<Place>,
    /// The business number that its customers write to; the contract's where it is left out.
    pub channel: Option<String>,
    /// The customers' numbers that the suite may use.
    pub numbers: NumberPattern,
}

impl TypeConfig {
    pub(super) fn read_all(types: &Section<'_>) -> Result<Vec<Self>, ConfigError> {
        let mut all = Vec::new();
        for (name, place) in types.keys() {
            let Some(section) = types.section(&name)? else { continue };
            section.only(&["channel", "numbers"])?;
            all.push(Self {
                channel: section
                    .text("channel", "the business number as text, e.g. \"15550100101\"")?
                    .map(|text| text.value),
                numbers: section
                    .parsed(
                        "numbers",
                        "digits with at least four # for those to choose, e.g. \"1555010########\"",
                        NumberPattern::parse,
                    )?
                    .unwrap_or_default(),
                name,
                place: Some(place),
            });
        }
        Ok(all)
    }
}
