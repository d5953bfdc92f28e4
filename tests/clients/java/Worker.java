import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * A group member as a careful user writes one: it commits what it received after every poll, and before it gives partitions up. It
 * keeps a diary in a file, one line "KIND PARTITION OFFSET NANOSECONDS" for each thing that happens, which outlives the process.
 */
final class Worker implements Joined, ConsumerRebalanceListener {
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final PrintWriter diary;
    private final Map<TopicPartition, OffsetAndMetadata> uncommitted = new HashMap<>(); // only the loop touches it
    private final Thread loop = new Thread(this::run, "worker");

    private volatile Set<TopicPartition> assignment = Set.of();
    private volatile Exception failure;
    private volatile boolean leaving;

    private Worker(KafkaConsumer<byte[], byte[]> consumer, PrintWriter diary) {
        this.consumer = consumer;
        this.diary = diary;
    }

    static Worker join(KafkaConsumer<byte[], byte[]> consumer, JsonNode q) throws IOException {
        Worker w = new Worker(consumer, new PrintWriter(new FileWriter(q.get("diary").asText())));
        consumer.subscribe(List.of(q.get("topic").asText()), w);
        w.loop.setDaemon(true);
        w.loop.start();
        return w;
    }

    private void run() {
        try {
            while (!leaving) {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(50))) {
                    note("got", r.partition(), r.offset());
                    uncommitted.put(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1));
                }
                commitNow(uncommitted);
                assignment = Set.copyOf(consumer.assignment());
            }
            consumer.close();
        } catch (Exception e) {
            failure = e;
        } finally {
            diary.close();
        }
    }

    private void note(String kind, int partition, long offset) {
        Instant now = Instant.now();
        diary.println(kind + " " + partition + " " + offset + " " + (now.getEpochSecond() * 1_000_000_000L + now.getNano()));
    }

    /** Commits these; a rebalance may come between, and then they stay uncommitted. */
    private void commitNow(Map<TopicPartition, OffsetAndMetadata> offsets) {
        if (offsets.isEmpty()) {
            return;
        }
        diary.flush();
        Map<TopicPartition, OffsetAndMetadata> these = Map.copyOf(offsets);
        try {
            consumer.commitSync(these);
        } catch (KafkaException e) {
            return;
        }
        these.forEach((tp, o) -> note("commit", tp.partition(), o.offset()));
        diary.flush();
        uncommitted.keySet().removeAll(these.keySet());
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        partitions.forEach(tp -> note("own", tp.partition(), -1));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> last = new HashMap<>(uncommitted);
        last.keySet().retainAll(partitions);
        commitNow(last);
        onPartitionsLost(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        uncommitted.keySet().removeAll(partitions);
        partitions.forEach(tp -> note("lose", tp.partition(), -1));
    }

    @Override
    public void state(ObjectNode a) throws Exception {
        if (failure != null) {
            throw failure;
        }
        a.withArray("assignment");
        assignment.forEach(tp -> a.withArray("assignment").add(tp.partition()));
        a.withArray("records");
    }

    @Override
    public void commit() {
        throw new UnsupportedOperationException("it commits by itself");
    }

    @Override
    public void leave() throws Exception {
        leaving = true;
        loop.join();
        if (failure != null) {
            throw failure;
        }
    }
}
