//! The revocation list, read again whenever a file of it has changed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::access::RevocationList;
use crate::shared::Shared;

/// How often the files of the revocation list are looked at.
const REFRESH: Duration = Duration::from_secs(5);

/// Reads the revocation list again whenever a file of it has changed. One that can't be read changes nothing.
pub(crate) async fn keep_revoking(shared: Arc<Shared>, mut list: RevocationList) {
    let mut was_told = None;
    while list.has_files() {
        sleep(REFRESH).await;
        match refreshed(&mut list, RevocationList::refresh).await {
            None => was_told = report(was_told),
            Some(Ok(None)) => {}
            Some(Ok(Some(revoked))) => {
                was_told = None;
                let (keys, certificates) = revoked.count();
                tracing::info!(keys, certificates, "the revocation list is read again");
                shared.access.revoke(revoked);
            }
            Some(Err(error)) => {
                let said = error.to_string();
                if was_told.as_ref() != Some(&said) {
                    tracing::warn!(code = error.code(), %error, "the old revocation list stays in force");
                }
                was_told = Some(said);
            }
        }
    }
}

/// Reads a list on a thread that may wait; none if the reader itself failed, which leaves the list as it was.
async fn refreshed<T: Send + 'static>(
    list: &mut RevocationList,
    refresh: fn(&mut RevocationList) -> T,
) -> Option<T> {
    let mut looked_at = list.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let found = refresh(&mut looked_at);
        (looked_at, found)
    });
    let (looked_at, found) = looking.await.ok()?;
    *list = looked_at;
    Some(found)
}

/// Says once that a list breaks its reader.
fn report(was_told: Option<String>) -> Option<String> {
    let said = "the revocation list can't be read: the old list stays in force; please report this";
    if was_told.as_deref() != Some(said) {
        tracing::error!("{said}");
    }
    Some(said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_that_breaks_its_reader_is_read_again() {
        let mut list = RevocationList::new(&["/nowhere".to_owned()]);
        assert!(
            refreshed(&mut list, |_| -> () { panic!("a list that nobody thought of") })
                .await
                .is_none()
        );
        assert!(list.has_files());
        assert!(refreshed(&mut list, RevocationList::refresh).await.unwrap().is_err());
    }
}
