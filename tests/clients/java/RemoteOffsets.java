import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.mirror.RemoteClusterUtils;

/**
 * Where a group would go on at another cluster, by what MirrorMaker 2 left there: RemoteOffsets BOOTSTRAP ALIAS GROUP prints a line
 * for each partition, in a fixed order, and which clusters stand behind this one.
 */
public final class RemoteOffsets {
    private RemoteOffsets() {
    }

    /** Translates the offsets of one group. */
    public static void main(String[] args) throws Exception {
        Map<String, Object> properties = Map.of("bootstrap.servers", args[0]);
        Map<TopicPartition, OffsetAndMetadata> all =
            RemoteClusterUtils.translateOffsets(properties, args[1], args[2], Duration.ofSeconds(20));
        TreeMap<String, Long> sorted = new TreeMap<>();
        all.forEach((partition, offset) -> sorted.put(partition.toString(), offset.offset()));
        sorted.forEach((partition, offset) -> System.out.printf("%s %d%n", partition, offset));
        System.out.printf("hops %d upstream %s%n", RemoteClusterUtils.replicationHops(properties, args[1]),
            RemoteClusterUtils.upstreamClusters(properties));
    }
}
