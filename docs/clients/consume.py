"""Each action once, then the latest value of every customer: python consume.py localhost:9092 [PREFIX]

Stops where the topics end now; leave out the count of ends to follow them. Needs confluent-kafka (requirements.txt).
"""

import json
import sys

from confluent_kafka import Consumer, KafkaError, KafkaException

servers, prefix = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "lifetide."
actions, clv = prefix + "actions", prefix + "clv"

consumer = Consumer({
    "bootstrap.servers": servers,
    "group.id": "consume-py",
    "auto.offset.reset": "earliest",
    # what an aborted transaction wrote never happened
    "isolation.level": "read_committed",
    # positions belong to what you do with the records: commit them when that is done
    "enable.auto.commit": False,
    "enable.partition.eof": True,
})
partitions = sum(len(consumer.list_topics(topic, 30).topics[topic].partitions) for topic in (actions, clv))
consumer.subscribe([actions, clv])

# of your own store, where you keep it with what you did: after a restart you see some records again
done = set()
latest = {}
ended = set()
while len(ended) < partitions:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        if message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())
        ended.add((message.topic(), message.partition()))
    elif message.topic() == clv:
        customer = message.key().decode()
        if message.value() is None:
            # erased, or another id's customer now
            latest.pop(customer, None)
        else:
            latest[customer] = json.loads(message.value())["total"]
    else:
        action = json.loads(message.value())
        if action["id"] not in done:
            done.add(action["id"])
            print("action", action["id"], action["kind"], action["customer_id"])
consumer.close()

for customer, total in latest.items():
    # `minor` is what to count with
    print("clv", customer, total["minor"], total["currency"])
