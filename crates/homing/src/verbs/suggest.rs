//! "Did you mean": the known name nearest to a mistyped one.

use homing_proto::api::Device;

use crate::client::{Client, Target};
use crate::exit::Exit;
use crate::failure::Failure;

/// Adds the nearest device name to a failure that says there is no such device.
pub(crate) async fn device(failure: Failure, client: &Client, typed: &str) -> Failure {
    if failure.exit != Exit::NotFound {
        return failure;
    }
    let devices: Vec<Device> = client.list(&Target::new(&["devices"])).await.unwrap_or_default();
    match nearest(typed, devices.iter().map(|device| device.name.as_str())) {
        Some(name) => failure.hint(format!("did you mean {name}?   (homing device ls lists all)")),
        None => failure,
    }
}

/// The nearest of `known`, if it is near: a third of the letters may differ.
fn nearest<'n>(typed: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = typed.chars().count() / 3;
    let by_distance = known.map(|name| (distance(typed, name), name));
    let (least, name) = by_distance.min()?;
    let is_part = name.starts_with(typed) && typed.len() > 1;
    (is_part || (1..=limit).contains(&least)).then_some(name)
}

/// Levenshtein distance without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.to_lowercase().chars().enumerate() {
        let mut next = vec![i + 1];
        let mut left = i + 1;
        for ((to, up), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            left = (left + 1).min(up + 1).min(diagonal + usize::from(from != *to));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("MX1", "mx1"), 0);
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        let known = || ["mx1.fra", "mx2.lon", "sw-044"].into_iter();
        assert_eq!(nearest("mx1.fro", known()), Some("mx1.fra"));
        assert_eq!(nearest("sw044", known()), Some("sw-044"));
        assert_eq!(nearest("zzz", known()), None);
    }
}
