// Each action once, then the latest value of every customer: java -cp 'libs/*' Consume.java localhost:9092 [PREFIX]
//
// libs/: kafka-clients and what it needs, among that Jackson. Stops where the topics end now; leave out the look at the ends to follow them.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Consume {
    public static void main(String[] arguments) throws Exception {
        String prefix = arguments.length > 1 ? arguments[1] : "lifetide.";
        String actions = prefix + "actions", clv = prefix + "clv";
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", arguments[0],
            "group.id", "consume-java",
            "auto.offset.reset", "earliest",
            // what an aborted transaction wrote never happened
            "isolation.level", "read_committed",
            // positions belong to what you do with the records: commit them when that is done
            "enable.auto.commit", false);
        // of your own store, where you keep it with what you did: after a restart you see some records again
        Set<String> done = new HashSet<>();
        Map<String, JsonNode> latest = new TreeMap<>();
        ObjectMapper json = new ObjectMapper();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(actions, clv));
            do {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    if (record.topic().equals(clv) && record.value() == null) {
                        // erased, or another id's customer now
                        latest.remove(record.key());
                    } else if (record.topic().equals(clv)) {
                        latest.put(record.key(), json.readTree(record.value()).get("total"));
                    } else {
                        JsonNode action = json.readTree(record.value());
                        if (done.add(action.get("id").asText())) {
                            System.out.printf("action %s %s %s%n", action.get("id").asText(), action.get("kind").asText(), record.key());
                        }
                    }
                }
            } while (consumer.assignment().isEmpty() || !isAtEnd(consumer, consumer.assignment()));
        }
        // `minor` is what to count with
        latest.forEach((customer, total) ->
            System.out.printf("clv %s %s %s%n", customer, total.get("minor").asText(), total.get("currency").asText()));
    }

    private static boolean isAtEnd(KafkaConsumer<String, String> consumer, Collection<TopicPartition> partitions) {
        return consumer.endOffsets(partitions).entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }
}
