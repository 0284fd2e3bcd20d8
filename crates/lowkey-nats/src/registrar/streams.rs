//! The buckets and streams of a registry and of devices' messages: makes those that are not there.

use super::Registrar;
use crate::bucket::hex;
use crate::error::NatsError;
use crate::follow::is_missing;
use crate::inspected::{self, Inspected};
use crate::layout;
use crate::numbers::{NatsNumbers, There};
use crate::put::Put;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use lowkey_host::text::clean;
use serde_json::Value;

impl Registrar {
    /// Makes the buckets of a registry, kept by so many servers of NATS, those that are not there: that of its rows,
    /// and those of what gateways say, in which nothing lets a device in.
    ///
    /// # Errors
    /// [`NatsError`]. What was made before it stays, and is not made again.
    pub async fn create(&self, replicas: usize) -> Result<(), NatsError> {
        for config in layout::buckets(&self.prefix, replicas) {
            self.make(config).await?;
        }
        Ok(())
    }

    /// Makes the bucket of what is stored and acknowledged, which streams of devices' messages need beside them, if
    /// there is none: where the registry is a file, nothing else of [`create`](Self::create) is needed.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn create_numbers(&self, replicas: usize) -> Result<(), NatsError> {
        let [.., numbers] = layout::buckets(&self.prefix, replicas);
        self.make(numbers).await
    }

    /// Makes the stream of devices' numbered messages, kept by so many servers of NATS, if there is none of its name.
    ///
    /// One that forgets what is taken out of it gets another beside it, in which NATS keeps what the last message of
    /// each device was; this gives the name of that. To be done when all gateways know it: one of an earlier version
    /// does not hear that a session there has ended.
    ///
    /// # Errors
    /// [`NatsError::Unfit`]: there is one that must not be used as it is. Others.
    pub async fn create_up(&self, replicas: usize) -> Result<Option<String>, NatsError> {
        let info = self.make_messages(layout::up(&self.prefix, replicas), inspected::up).await?;
        let config = info["config"].clone();
        if inspected::keeps(&config) {
            return Ok(None);
        }
        self.make(layout::last(&self.prefix, replicas)).await?;
        self.have_tell_last(config).await.map(Some)
    }

    /// Makes the stream of devices' numbered messages as a queue, which forgets what a service has taken out of it, and
    /// the stream beside it, of which this gives the name; kept by so many servers of NATS, those that are not there.
    /// A queue has one service: [`create_consumer`](Self::create_consumer).
    ///
    /// # Errors
    /// [`NatsError::Unfit`]: there is one that must not be used as it is, or that is no queue. Nothing is made of it:
    /// what services have taken would be gone, and consumers with it. Others.
    pub async fn create_queue(&self, replicas: usize) -> Result<String, NatsError> {
        let queue = layout::queue(&self.prefix, replicas);
        match self.context.get_stream(&queue.name).await {
            Ok(there) if there.cached_info().config.retention != RetentionPolicy::WorkQueue => {
                return Err(NatsError::Unfit(format!(
                    "the stream {} is no queue (`retention` is not `workqueue`), and none is made of it, as what is kept \
                     there would go; it is as it was. A queue wants another prefix",
                    queue.name
                )));
            }
            Err(error) if !is_missing(&error) => {
                return Err(NatsError::request("a stream of devices' messages cannot be seen")(&error));
            }
            _ => (),
        }
        self.make(layout::last(&self.prefix, replicas)).await?;
        let info = self.make_messages(queue, inspected::up).await?;
        self.have_tell_last(info["config"].clone()).await
    }

    /// Has a queue of this configuration put what the last message of each device was into the stream beside it; what
    /// that is called.
    async fn have_tell_last(&self, mut config: Value) -> Result<String, NatsError> {
        if !inspected::tells_last(&self.prefix, &config) {
            if !inspected::takes_ends(&self.prefix, &config) {
                let subjects = config["subjects"].as_array_mut();
                subjects.into_iter().for_each(|all| all.push(layout::ends(&self.prefix).into()));
            }
            config["republish"] = layout::republish(&self.prefix);
            self.set(&config).await?;
        }
        Ok(layout::last_of(&self.prefix))
    }

    /// Has a stream be as this says: all that its operator has set, also what no client of ours knows.
    async fn set(&self, config: &Value) -> Result<(), NatsError> {
        let failed = NatsError::request("the stream of devices' messages cannot be changed");
        let name = config["name"].as_str().unwrap_or_default();
        let asked = self.client.request(format!("$JS.API.STREAM.UPDATE.{name}"), config.to_string().into());
        let answer = asked.await.map_err(|error| failed(&error))?;
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
        match answer["error"]["description"].as_str() {
            Some(why) => Err(failed(&why)),
            None => Ok(()),
        }
    }

    /// Makes the stream of numbered messages for devices, kept by so many servers of NATS, if there is none of its
    /// name.
    ///
    /// # Errors
    /// As [`create_up`](Self::create_up).
    pub async fn create_down(&self, replicas: usize) -> Result<(), NatsError> {
        self.make_messages(layout::down(&self.prefix, replicas), inspected::down).await.map(drop)
    }

    /// Has a service of this name take devices' messages, by a durable consumer that is called as the name in hex: it
    /// gives each until the service has acknowledged it. One that is there stays as it is.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn create_consumer(&self, service: &str) -> Result<(), NatsError> {
        let making = NatsError::request("the consumer of devices' messages cannot be made");
        let stream = self.context.get_stream(format!("{}-up", self.prefix)).await;
        let stream = stream.map_err(|error| making(&error))?;
        let name = hex(service);
        let config = pull::Config {
            durable_name: Some(name.clone()),
            description: Some(clean(service)),
            filter_subject: format!("{}.up.*", self.prefix),
            ack_policy: AckPolicy::Explicit,
            ..pull::Config::default()
        };
        stream.get_or_create_consumer(&name, config).await.map(drop).map_err(|error| making(&error))
    }

    /// A person has decided that the runs which a device was in before count no more; how many that were. `None`: it
    /// has never numbered a message.
    ///
    /// # Errors
    /// [`NatsError::Raced`]: a gateway has written what is stored of the device meanwhile. Others.
    pub async fn forget_old_runs(&self, device: &str) -> Result<Option<usize>, NatsError> {
        let failed = NatsError::request("what is stored of a device cannot be written");
        let numbers = NatsNumbers::by(self.client.clone(), &self.prefix);
        let There { row, revision } = numbers.read(device).await.map_err(|unread| failed(&unread))?;
        let Some(mut row) = row else { return Ok(None) };
        let forgotten = row.forget_old_runs();
        match numbers.put(device, &row, revision).await {
            Put::Taken(..) => Ok(Some(forgotten)),
            Put::Wrong | Put::Known => Err(NatsError::Raced(device.to_owned())),
            Put::Unheard(why) => Err(NatsError::Unheard(why)),
            Put::Refused(_, why) => Err(failed(&why)),
        }
    }

    async fn make_messages(
        &self,
        config: Config,
        inspect: impl Fn(&str, &Value) -> Inspected,
    ) -> Result<Value, NatsError> {
        let stream = config.name.clone();
        self.make(config).await?;
        let info = inspected::info(&self.client, &stream).await?;
        match &*inspect(&self.prefix, &info).wrong {
            [] => Ok(info),
            wrong => Err(NatsError::Unfit(format!("the stream {stream}: {}", wrong.join("; ")))),
        }
    }

    async fn make(&self, config: Config) -> Result<(), NatsError> {
        match self.context.get_stream(&config.name).await {
            // As NATS's own tools make one.
            Ok(there) if there.cached_info().config.allow_rollup => {
                let why = "allows roll-ups, by which whoever may write one key empties it all; turn its \
                               `allow_rollup_hdrs` off";
                return Err(NatsError::Unfit(format!("the stream {} {why}", config.name)));
            }
            Ok(_) => return Ok(()),
            Err(error) if is_missing(&error) => (),
            Err(error) => return Err(NatsError::request("the registry cannot be had")(&error)),
        }
        let created = self.context.create_stream(config).await;
        created.map(drop).map_err(|error| NatsError::request("the registry cannot be made")(&error))
    }
}
