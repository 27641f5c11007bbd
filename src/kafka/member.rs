//! What a member of the group tells the others of itself: its address and the rows it reads, in its client.id, which is all that other members
//! and tools can see of it; and the name under which the group keeps its place.
//!
//! `lifetide-a-0/at-http://a.shop:9464/rows-3`. The formats are read by instances of other versions. Used by `client` and `observer`.

use xxhash_rust::xxh3::xxh3_64;

use super::settings::Settings;

/// Before the newest version of rows it reads, at the end.
const ROWS: &str = "/rows-";
/// Before its address.
const AT: &str = "/at-";

/// What follows the instance's name in a worker's client.id.
pub(super) fn told(settings: &Settings, worker: usize) -> String {
    let at = settings.advertised.as_ref().map(|address| format!("{AT}{address}")).unwrap_or_default();
    format!("{worker}{at}{ROWS}{}", settings.reads_rows)
}

/// A member's name, its address and the newest version of rows it reads, as far as it says so.
pub(super) fn read(client_id: &str) -> (&str, Option<&str>, Option<u8>) {
    let said = client_id.rsplit_once(ROWS).and_then(|(name, digits)| Some((name, digits.parse().ok()?)));
    let (name, version) = said.map_or((client_id, None), |(name, version)| (name, Some(version)));
    name.rsplit_once(AT).map_or((name, None, version), |(name, address)| (name, Some(address), version))
}

/// The group.instance.id of a static worker. The group keeps the client.id of a static member that comes back: whoever reads other rows, or is
/// elsewhere, must not pass for it.
pub(super) fn instance_id(settings: &Settings, worker: usize) -> String {
    let at = settings.advertised.as_ref().map(|address| format!(".at-{:08x}", xxh3_64(address.as_bytes()) as u32)).unwrap_or_default();
    format!("{}-{worker}{at}.rows-{}", settings.instance_id, settings.reads_rows)
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::settings;
    use super::*;

    #[test]
    fn a_member_tells_its_name_its_address_and_its_rows() {
        let mut settings = settings();
        let client_id = |settings: &Settings| format!("lifetide-a-{}", told(settings, 1));
        assert_eq!(read(&client_id(&settings)), ("lifetide-a-1", None, Some(2)));
        settings.advertised = Some("http://[::1]:9464".to_owned());
        assert_eq!(read(&client_id(&settings)), ("lifetide-a-1", Some("http://[::1]:9464"), Some(2)));
        for client_id in ["shop", "lifetide-a-1/rows-x", ""] {
            assert_eq!(read(client_id), (client_id, None, None));
        }
    }

    #[test]
    fn another_address_is_another_member() {
        let mut settings = settings();
        assert_eq!(instance_id(&settings, 1), "a-1.rows-2");
        settings.advertised = Some("http://a.shop:9464".to_owned());
        assert_eq!(instance_id(&settings, 1), "a-1.at-e9bc3e67.rows-2");
    }
}
