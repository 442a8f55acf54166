//! The clock on the wall, which somebody may set.

use std::time::Duration;

use homing_proto::datastore::Timestamp;

/// A clock that is set forward is noticed within this time.
const LOOK: Duration = Duration::from_secs(60);

/// How long it is until then; no time if it is past.
pub(crate) fn left(until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default()
}

/// Waits for a moment; for none, for ever.
pub(crate) async fn reaches(moment: Option<Timestamp>) {
    let Some(moment) = moment else { return std::future::pending().await };
    loop {
        match left(moment) {
            Duration::ZERO => return,
            left => tokio::time::sleep(left.min(LOOK)).await,
        }
    }
}
