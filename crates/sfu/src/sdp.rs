//! The few lines of session descriptions (RFC 8866) that the core reads or writes itself; str0m does the rest.

/// One m-line of a client's description.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ClientSection {
    pub(crate) kind: String,
    pub(crate) mid: String,
    /// `a=rid:x send`, in order.
    pub(crate) rids: Vec<String>,
    /// Track ids of `a=msid:STREAM TRACK`.
    pub(crate) cids: Vec<String>,
}

/// The sections of a description, in order.
pub(crate) fn sections(text: &str) -> Vec<ClientSection> {
    let mut sections: Vec<ClientSection> = Vec::new();
    for line in text.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            let kind = media.split(' ').next().unwrap_or_default().to_owned();
            sections.push(ClientSection { kind, ..ClientSection::default() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        if let Some(mid) = line.strip_prefix("a=mid:") {
            section.mid = mid.trim().to_owned();
        } else if let Some(rid) = line.strip_prefix("a=rid:") {
            let mut words = rid.split_whitespace();
            if let (Some(name), Some("send")) = (words.next(), words.next()) {
                section.rids.push(name.to_owned());
            }
        } else if let Some(cid) = line.strip_prefix("a=msid:").and_then(|msid| msid.split_whitespace().nth(1)) {
            section.cids.push(cid.to_owned());
        }
    }
    sections
}

/// ufrag and password of a description (its first ones: all sections are bundled).
pub(crate) fn ice_credentials(text: &str) -> Option<(String, String)> {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
    Some((value("a=ice-ufrag:")?, value("a=ice-pwd:")?))
}

/// Every profile of a media section must be encrypted RTP with feedback: anything else is refused, whatever str0m thinks of it
/// (Licode issue 2048: cleartext by SDP profile).
pub(crate) fn unencrypted_profile(text: &str) -> Option<&str> {
    text.lines().filter_map(|line| line.strip_prefix("m=")).find_map(|media| {
        let mut words = media.split(' ');
        let (kind, profile) = (words.next()?, words.nth(1)?);
        let allowed = match kind {
            "audio" | "video" => matches!(profile, "UDP/TLS/RTP/SAVPF" | "TCP/TLS/RTP/SAVPF"),
            _ => matches!(profile, "UDP/DTLS/SCTP" | "TCP/DTLS/SCTP" | "DTLS/SCTP"),
        };
        (!allowed).then_some(profile)
    })
}

/// The description without its candidates: the core sends to no address that has not come to it with a valid check, so
/// nobody can make it knock at doors of their choice; a client's addresses show themselves (peer-reflexive, RFC 8445, 7.3.1.3).
pub(crate) fn without_candidates(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("a=candidate:")).collect()
}

/// The description with exactly these candidates, in its first section.
pub(crate) fn with_candidates(text: &str, candidates: &[String]) -> String {
    let mut out = String::with_capacity(text.len() + candidates.len() * 80);
    let (mut in_first, mut done) = (false, false);
    let finish = |out: &mut String| {
        for candidate in candidates {
            out.push_str("a=");
            out.push_str(candidate);
            out.push_str("\r\n");
        }
        out.push_str("a=end-of-candidates\r\n");
    };
    for line in text.lines() {
        if line.starts_with("a=candidate:") || line == "a=end-of-candidates" {
            continue;
        }
        if line.starts_with("m=") {
            if in_first && !done {
                finish(&mut out);
                done = true;
            }
            in_first = true;
        }
        out.push_str(line);
        out.push_str("\r\n");
    }
    if in_first && !done {
        finish(&mut out);
    }
    out
}

/// The description with another msid in one section (str0m keeps a section's first one).
pub(crate) fn with_msid(text: &str, mid: &str, stream: &str, track: &str) -> String {
    let mut sections: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines() {
        if line.starts_with("m=") {
            sections.push(Vec::new());
        }
        sections.last_mut().expect("never empty").push(line);
    }
    let mut out = String::with_capacity(text.len() + 64);
    for section in sections {
        let ours = section.iter().any(|line| line.strip_prefix("a=mid:") == Some(mid));
        for line in section {
            match line.split_once(" msid:").filter(|_| ours && line.starts_with("a=ssrc:")) {
                Some((head, _)) => out.push_str(&format!("{head} msid:{stream} {track}")),
                None if ours && line.starts_with("a=msid:") => out.push_str(&format!("a=msid:{stream} {track}")),
                None => out.push_str(line),
            }
            out.push_str("\r\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na=msid:- CID\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rid:f send\r\na=rid:q send\r\na=simulcast:send f;q\r\na=ssrc:7 msid:a b\r\na=msid:a b\r\n";

    #[test]
    fn a_clients_sections_are_read() {
        let read = sections(OFFER);
        assert_eq!(
            read[0],
            ClientSection { kind: "audio".into(), mid: "0".into(), rids: vec![], cids: vec!["CID".into()] }
        );
        assert_eq!(read[1].rids, ["f", "q"]);
        assert_eq!(ice_credentials(OFFER), Some(("abcd".into(), "secret".into())));
    }

    #[test]
    fn candidates_are_ours_alone_and_stand_in_the_first_section() {
        let text = with_candidates(OFFER, &["candidate:9 1 udp 5 127.0.0.1 7 typ host".into()]);
        assert_eq!(text.matches("a=candidate:").count(), 1);
        assert!(text.find("127.0.0.1").expect("there") < text.find("m=video").expect("there"));
    }

    #[test]
    fn one_sections_msid_is_replaced() {
        let text = with_msid(OFFER, "1", "PA|TR", "TR");
        assert!(
            text.contains("a=msid:- CID")
                && text.contains("a=msid:PA|TR TR")
                && text.contains("a=ssrc:7 msid:PA|TR TR")
        );
        assert!(!text.contains("a=msid:a b"));
    }

    #[test]
    fn a_cleartext_profile_is_seen() {
        assert_eq!(unencrypted_profile(OFFER), None);
        assert_eq!(unencrypted_profile("m=audio 9 RTP/AVP 0\r\n"), Some("RTP/AVP"));
    }
}
