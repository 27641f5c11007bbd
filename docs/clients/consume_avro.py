"""Every record of topics written as Avro, one JSON object a line: python consume_avro.py localhost:9092 http://localhost:8081 TOPIC...

For `output.format = "avro"`: the schema of each record is asked of the registry by the id that stands before it. Stops where the topics end
now; leave out the count of ends to follow them. A user and password of the registry stand in SCHEMA_REGISTRY_LOGIN, if it asks for them.
Needs confluent-kafka and what reads Avro (requirements.txt).
"""

import json
import os
import sys

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

servers, registry, topics = sys.argv[1], sys.argv[2], sys.argv[3:]
login = os.environ.get("SCHEMA_REGISTRY_LOGIN")
read = AvroDeserializer(SchemaRegistryClient({"url": registry} | ({"basic.auth.user.info": login} if login else {})))

consumer = Consumer({
    "bootstrap.servers": servers,
    "group.id": "consume-avro-py",
    "auto.offset.reset": "earliest",
    # what an aborted transaction wrote never happened
    "isolation.level": "read_committed",
    # positions belong to what you do with the records: commit them when that is done
    "enable.auto.commit": False,
    "enable.partition.eof": True,
})
partitions = sum(len(consumer.list_topics(topic, 30).topics[topic].partitions) for topic in topics)
if not partitions:
    sys.exit(f"there is no topic {' '.join(topics)}")
consumer.subscribe(topics)

ended = set()
while len(ended) < partitions:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        if message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())
        ended.add((message.topic(), message.partition()))
    else:
        # of who is erased nothing is left: the value is null, and so is what is read
        value = read(message.value(), SerializationContext(message.topic(), MessageField.VALUE))
        print(json.dumps({"topic": message.topic(), "key": message.key().decode(), "value": value}))
consumer.close()
