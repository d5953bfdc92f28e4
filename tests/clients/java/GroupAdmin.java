import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ClassicGroupDescription;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * What the Java Admin can do with groups and no command-line tool shows: GroupAdmin BOOTSTRAP OPERATION GROUP [ARGUMENT...].
 * Everything is printed in a fixed order.
 */
public final class GroupAdmin {
    private GroupAdmin() {
    }

    /** Runs one operation. */
    public static void main(String[] args) throws Exception {
        List<String> more = Arrays.asList(args).subList(3, args.length);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            switch (args[1]) {
                case "list" -> list(admin);
                case "describe" -> describe(admin, args[2]);
                case "describe-classic" -> describeClassic(admin, args[2]);
                case "offsets" -> offsets(admin, args[2]);
                case "alter-offsets" -> alterOffsets(admin, args[2], more);
                case "delete-offsets" -> deleteOffsets(admin, args[2], more);
                case "remove-members" -> removeMembers(admin, args[2], more);
                default -> throw new IllegalArgumentException("unknown operation " + args[1]);
            }
        } catch (ExecutionException e) {
            System.out.println(e.getCause());
        }
    }

    private static void list(Admin admin) throws Exception {
        TreeMap<String, GroupListing> sorted = new TreeMap<>();
        admin.listGroups().all().get().forEach(g -> sorted.put(g.groupId(), g));
        sorted.values().forEach(g -> System.out.printf("%s type=%s protocol=%s state=%s simple=%b%n", g.groupId(),
            g.type().orElse(null), g.protocol(), g.groupState().orElse(null), g.isSimpleConsumerGroup()));
    }

    private static void describe(Admin admin, String group) throws Exception {
        ConsumerGroupDescription d = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
        System.out.printf("%s type=%s state=%s simple=%b assignor=%s epoch=%s target=%s coordinator=%d%n", d.groupId(),
            d.type(), d.groupState(), d.isSimpleConsumerGroup(), d.partitionAssignor(), d.groupEpoch(),
            d.targetAssignmentEpoch(), d.coordinator().id());
        d.members().stream().map(GroupAdmin::member).sorted().forEach(System.out::println);
    }

    private static void describeClassic(Admin admin, String group) throws Exception {
        ClassicGroupDescription d = admin.describeClassicGroups(List.of(group)).all().get().get(group);
        System.out.printf("%s protocol=%s data=%s state=%s simple=%b coordinator=%d%n", d.groupId(), d.protocol(),
            d.protocolData(), d.state(), d.isSimpleConsumerGroup(), d.coordinator().id());
        d.members().stream().map(GroupAdmin::member).sorted().forEach(System.out::println);
    }

    private static String member(MemberDescription m) {
        return String.format("member instance=%s id=%s client=%s host=%s rack=%s epoch=%s upgraded=%s owns=%s target=%s",
            m.groupInstanceId(), m.consumerId(), m.clientId(), m.host(), m.rackId(), m.memberEpoch(), m.upgraded(),
            sorted(m.assignment().topicPartitions()),
            m.targetAssignment().map(a -> sorted(a.topicPartitions())));
    }

    private static TreeSet<String> sorted(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::toString).collect(Collectors.toCollection(TreeSet::new));
    }

    private static void offsets(Admin admin, String group) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> got = admin
            .listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec())).all().get().get(group);
        TreeMap<String, String> sorted = new TreeMap<>();
        got.forEach((tp, o) -> sorted.put(tp.toString(), String.valueOf(o)));
        sorted.forEach((tp, o) -> System.out.println(tp + " " + o));
    }

    /** Arguments are TOPIC:PARTITION=OFFSET. */
    private static void alterOffsets(Admin admin, String group, List<String> more) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> to = new HashMap<>();
        for (String word : more) {
            String[] sides = word.split("=");
            to.put(partition(sides[0]), new OffsetAndMetadata(Long.parseLong(sides[1]), "altered"));
        }
        admin.alterConsumerGroupOffsets(group, to).all().get();
        offsets(admin, group);
    }

    private static void deleteOffsets(Admin admin, String group, List<String> more) throws Exception {
        admin.deleteConsumerGroupOffsets(group,
            more.stream().map(GroupAdmin::partition).collect(Collectors.toSet())).all().get();
        offsets(admin, group);
    }

    private static TopicPartition partition(String word) {
        String[] sides = word.split(":");
        return new TopicPartition(sides[0], Integer.parseInt(sides[1]));
    }

    /** Arguments are instance ids; none means every member. */
    private static void removeMembers(Admin admin, String group, List<String> instances) throws Exception {
        RemoveMembersFromConsumerGroupOptions which = new RemoveMembersFromConsumerGroupOptions();
        if (!instances.isEmpty()) {
            List<MemberToRemove> members = new ArrayList<>();
            instances.forEach(i -> members.add(new MemberToRemove(i)));
            which = new RemoveMembersFromConsumerGroupOptions(members);
        }
        admin.removeMembersFromConsumerGroup(group, which).all().get();
        System.out.println("removed");
    }
}
