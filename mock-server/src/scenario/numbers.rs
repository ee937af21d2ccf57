//! The numbers of a scenario's customers: the same for the same name each time, so that a chat goes on when its scenario
//! is played again.

use std::collections::HashMap;

/// The first number that is given out; the last has 9999 at its end. They are set aside for fiction.
const FIRST: u64 = 15_550_105_000;
const COUNT: u64 = 5_000;

/// One scenario's customers.
pub(super) struct Numbers {
    scenario: String,
    given: HashMap<u64, (String, String)>,
}

impl Numbers {
    pub(super) fn of(scenario: &str) -> Self {
        Self { scenario: scenario.to_owned(), given: HashMap::new() }
    }

    /// The number of the customer with this name. A name of digits is a number itself, and one that begins with `*` has the
    /// same number with all types.
    pub(super) fn of_customer(&mut self, customer_type: &str, name: &str) -> String {
        let customer_type = if name.starts_with('*') { "" } else { customer_type };
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            return name.to_owned();
        }
        let customer = (customer_type.to_owned(), name.to_owned());
        let start = hash([&self.scenario, customer_type, name]);
        // Two names may meet; where there are more customers than numbers, some share one.
        let offsets = (0..COUNT).map(|step| (start + step) % COUNT);
        let free = |offset: &u64| self.given.get(offset).is_none_or(|other| *other == customer);
        let offset = offsets.clone().find(free).unwrap_or(start % COUNT);
        self.given.insert(offset, customer);
        (FIRST + offset).to_string()
    }
}

/// FNV-1a, since the standard library's hash may be another one tomorrow.
fn hash<const N: usize>(texts: [&str; N]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) >> 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number_and_every_name_its_own() {
        let mut numbers = Numbers::of("busy-morning");
        let of = |numbers: &mut Numbers| -> Vec<String> {
            (0..1_000).map(|n| numbers.of_customer(["Partner", "Vendor"][n % 2], &format!("Customer {n}"))).collect()
        };
        let first = of(&mut numbers);
        assert_eq!(first, of(&mut numbers));
        assert_eq!(first, of(&mut Numbers::of("busy-morning")));
        assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), 1_000);
        assert!(first.iter().all(|number| number.starts_with("1555010") && number.len() == 11));
        assert_eq!(numbers.of_customer("Vendor", "15550100001"), "15550100001");
        assert_eq!(numbers.of_customer("Vendor", "*anybody"), numbers.of_customer("Partner", "*anybody"));
    }
}
