//! Who asks an admin listener.

use hyper::Request;
use hyper::header::ORIGIN;

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Look: whoever reaches the listener.
    Reader,
    /// Change state as well: the owner of a Unix socket, the owner's group, and root, by what the kernel says of them.
    Operator,
}

impl Caller {
    /// Whether it may change something by this request. No browser asks a Unix socket; one that is led there by
    /// somebody says for which page.
    pub(super) fn may_change<B>(self, request: &Request<B>) -> bool {
        self == Self::Operator && !request.headers().contains_key(ORIGIN)
    }
}

#[cfg(unix)]
pub(super) use unix::Owner;

#[cfg(unix)]
mod unix {
    use super::Caller;
    use std::fs;
    use tokio::net::UnixStream;
    use tokio::net::unix::UCred;

    /// To whom a Unix socket belongs.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Owner {
        pub(in super::super) user: u32,
        pub(in super::super) group: u32,
    }

    impl Owner {
        /// Who is at the other end. Where the kernel does not say it, nobody may change anything.
        pub(in super::super) fn caller(self, stream: &UnixStream) -> Caller {
            match stream.peer_cred() {
                Ok(peer) if self.trusts(&peer) => Caller::Operator,
                _ => Caller::Reader,
            }
        }

        fn trusts(self, peer: &UCred) -> bool {
            let user = peer.uid();
            user == 0 || user == self.user || peer.gid() == self.group || self.has_member(peer)
        }

        /// Whether the group is among the others of the process, which its credentials do not name. The file system has
        /// asked the same before: whoever is in the place of a process that has ended meanwhile gains nothing.
        fn has_member(self, peer: &UCred) -> bool {
            let status = peer.pid().and_then(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
            status.is_some_and(|status| is_in(&status, peer.uid(), self.group))
        }
    }

    /// Whether a process of this user is in this group, by its status as Linux writes it.
    fn is_in(status: &str, user: u32, group: u32) -> bool {
        let numbers = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            line.into_iter().flat_map(str::split_whitespace).filter_map(|number| number.parse::<u32>().ok())
        };
        numbers("Uid:").nth(1) == Some(user) && numbers("Groups:").any(|of| of == group)
    }

    #[cfg(test)]
    mod tests {
        use super::is_in;

        #[test]
        fn a_member_of_the_group_is_known_by_all_groups_of_its_process() {
            let status =
                "Name:\tlowkey\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\nGroups:\t27 990 1000 \n";
            assert!(is_in(status, 1000, 990) && is_in(status, 1000, 27));
            assert!(!is_in(status, 1000, 99) && !is_in(status, 1001, 990) && !is_in("", 1000, 990));
        }
    }
}
