//! The socket of an admin listener.

use super::caller::Caller;
#[cfg(unix)]
use super::caller::Owner;
use super::endpoint::{Endpoint, Family};
use std::io;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, unix::File),
}

pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream, Caller),
}

impl Socket {
    pub(super) async fn bind(endpoint: &Endpoint) -> io::Result<Self> {
        match endpoint.family() {
            Family::Loopback(address) => TcpListener::bind(address).await.map(Self::Tcp),
            #[cfg(unix)]
            Family::Unix(path) => {
                unix::make_way(path).await?;
                let (listener, file) = unix::bind(path)?;
                Ok(Self::Unix(listener, file))
            }
            #[cfg(not(unix))]
            Family::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(super) fn endpoint(&self) -> io::Result<Endpoint> {
        match self {
            Self::Tcp(listener) => Endpoint::loopback(listener.local_addr()?).map_err(io::Error::other),
            #[cfg(unix)]
            Self::Unix(_, file) => Ok(Endpoint::unix(file.path())),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => Ok(Stream::Tcp(listener.accept().await?.0)),
            #[cfg(unix)]
            Self::Unix(listener, file) => {
                let (stream, _) = listener.accept().await?;
                let caller = file.owner().caller(&stream);
                Ok(Stream::Unix(stream, caller))
            }
        }
    }
}

#[cfg(unix)]
mod unix {
    use super::Owner;
    use lowkey_host::entropy::random;
    use std::fs::{
        DirBuilder, Permissions, metadata, remove_dir, remove_file, rename, set_permissions, symlink_metadata,
    };
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};
    use tokio::net::{UnixListener, UnixStream};

    /// The file of a Unix socket; removed when this is dropped, unless another has taken its place.
    #[derive(Debug)]
    pub(crate) struct File {
        path: PathBuf,
        inode: (u64, u64),
        owner: Owner,
    }

    impl File {
        pub(crate) fn path(&self) -> &Path {
            &self.path
        }

        pub(crate) fn owner(&self) -> Owner {
            self.owner
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            if symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.inode) {
                let _ = remove_file(&self.path); // if it stays, the next listener replaces it
            }
        }
    }

    /// Whether the path is free, or holds a socket that nobody listens to.
    pub(crate) async fn make_way(path: &Path) -> io::Result<()> {
        let found = match symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        if !found.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file that is no socket is there"));
        }
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another server listens there")),
        }
    }

    /// Binds in a directory that nobody else may enter and moves the socket to `path` once its mode is right:
    /// whatever the umask, nobody reaches it earlier.
    pub(crate) fn bind(path: &Path) -> io::Result<(UnixListener, File)> {
        let random = random().map_err(|_| io::Error::other("no randomness"))?;
        let [a, b, c, d, ..] = *random.expose();
        let directory = path.with_file_name(format!(".{:08x}", u32::from_be_bytes([a, b, c, d])));
        DirBuilder::new().mode(0o700).create(&directory)?;
        let inside = directory.join("s");
        let bound = UnixListener::bind(&inside).and_then(|listener| {
            set_permissions(&inside, Permissions::from_mode(MODE))?;
            let made = metadata(&inside)?;
            rename(&inside, path)?;
            let owner = Owner { user: made.uid(), group: made.gid() };
            Ok((listener, File { path: path.to_owned(), inode: (made.dev(), made.ino()), owner }))
        });
        if bound.is_err() {
            let _ = remove_file(&inside); // perhaps it was never made
        }
        let _ = remove_dir(&directory); // an empty folder that stays harms nobody
        bound
    }

    /// Its owner and the owner's group.
    const MODE: u32 = 0o660;
}
