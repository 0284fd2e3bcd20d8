//! A server of HTTP/1.1, written from RFC 9112 alone, which does what a test says.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A request that was read.
#[derive(Clone, Debug)]
pub struct Post {
    /// Which connection it came over, from 0.
    pub connection: usize,
    /// Its first line.
    pub line: String,
    /// Its headers, by name in small letters.
    pub headers: HashMap<String, String>,
    /// Its body: the message.
    pub body: Vec<u8>,
    /// What was said to it; 0: nothing.
    pub status: u16,
}

impl Post {
    /// The message's number.
    pub fn number(&self) -> u64 {
        self.headers["lowkey-number"].parse().unwrap()
    }

    /// The device's name, as it was.
    pub fn device(&self) -> String {
        let mut bytes = vec![];
        let mut text = self.headers["lowkey-device"].bytes();
        while let Some(byte) = text.next() {
            if byte == b'%' {
                let digits = [text.next().unwrap(), text.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Its idempotency key.
    pub fn key(&self) -> &str {
        &self.headers["idempotency-key"]
    }
}

/// What is answered.
pub enum Reply {
    /// This status, with these lines of headers and this body.
    Say(u16, String, String),
    /// This status, and the connection ends without a word.
    SayAndEnd(u16),
    /// The connection ends.
    Break,
    /// Nothing, ever.
    Hang,
}

impl Reply {
    /// This status, and nothing more.
    pub fn status(status: u16) -> Self {
        Self::Say(status, String::new(), String::new())
    }
}

type Says = dyn Fn(&Post) -> Reply + Send + Sync;

/// A server on loopback; it ends with the test.
#[derive(Clone)]
pub struct Web {
    /// Where it listens.
    pub address: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    count: watch::Sender<usize>,
}

impl Web {
    /// One that says this.
    pub async fn start(says: impl Fn(&Post) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_over(says, |stream| std::future::ready(Ok(stream))).await
    }

    /// The same over what this makes of each connection.
    pub async fn start_over<S, F>(
        says: impl Fn(&Post) -> Reply + Send + Sync + 'static,
        over: impl Fn(TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
        F: Future<Output = io::Result<S>> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let web = Self { address, posts: Arc::default(), count: watch::Sender::new(0) };
        let (of_it, says, over): (_, Arc<Says>, _) = (web.clone(), Arc::new(says), Arc::new(over));
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (web, says, over) = (of_it.clone(), Arc::clone(&says), Arc::clone(&over));
                tokio::spawn(async move {
                    // Whoever goes away in the middle has had enough.
                    let _ = match over(stream).await {
                        Ok(stream) => web.serve(connection, stream, &*says).await,
                        Err(error) => Err(error),
                    };
                });
            }
        });
        web
    }

    /// What posts to it.
    pub fn url(&self) -> String {
        format!("http://{}/in?of=devices", self.address)
    }

    /// What has come.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// Waits until so many have come.
    pub async fn wait(&self, posts: usize) {
        self.count.subscribe().wait_for(|count| *count >= posts).await.unwrap();
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        connection: usize,
        stream: S,
        says: &Says,
    ) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let mut headers = HashMap::new();
            loop {
                let mut header = String::new();
                stream.read_line(&mut header).await?;
                let Some((name, value)) = header.trim_end().split_once(": ") else { break };
                assert!(headers.insert(name.to_lowercase(), value.to_owned()).is_none(), "{name} twice");
            }
            let mut body = vec![0; headers["content-length"].parse().unwrap()];
            stream.read_exact(&mut body).await?;
            let line = line.trim_end().to_owned();
            let mut post = Post { connection, line, headers, body, status: 0 };
            let reply = says(&post);
            if let Reply::Say(status, ..) | Reply::SayAndEnd(status) = reply {
                post.status = status;
            }
            self.posts.lock().unwrap().push(post);
            self.count.send_modify(|count| *count += 1);
            match reply {
                Reply::Say(status, headers, body) => {
                    let len = body.len();
                    let text = format!("HTTP/1.1 {status} x\r\nContent-Length: {len}\r\n{headers}\r\n{body}");
                    stream.write_all(text.as_bytes()).await?;
                    stream.flush().await?;
                }
                Reply::SayAndEnd(status) => {
                    let text = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
                    stream.write_all(text.as_bytes()).await?;
                    return stream.shutdown().await;
                }
                Reply::Break => return Ok(()),
                Reply::Hang => std::future::pending().await,
            }
        }
    }
}
