package w1;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.drools.model.codegen.ExecutableModelProject;
import org.kie.api.KieServices;
import org.kie.api.builder.KieBuilder;
import org.kie.api.builder.KieFileSystem;
import org.kie.api.builder.Message;
import org.kie.api.runtime.KieSession;
import org.kie.api.runtime.rule.FactHandle;

/** W1 in Drools, executable model: a fact a row, inserted, fired and deleted. Peer FOLDER RULES.drl; tests/bench/peers/peers.js says the lines it speaks. */
public final class Peer {
  public static void main(String[] args) throws IOException {
    ByteBuffer rows = ByteBuffer.wrap(Files.readAllBytes(Path.of(args[0], "rows.bin"))).order(ByteOrder.LITTLE_ENDIAN);
    int count = rows.getInt(4), width = rows.getInt(8);
    int[] values = new int[count * width];
    for (int i = 0; i < values.length; ++i) values[i] = rows.getInt(12 + 4 * i);

    KieServices services = KieServices.Factory.get();
    KieFileSystem files = services.newKieFileSystem();
    files.write("src/main/resources/w1/rules.drl", Files.readString(Path.of(args[1])));
    KieBuilder builder = services.newKieBuilder(files).buildAll(ExecutableModelProject.class);
    if (builder.getResults().hasMessages(Message.Level.ERROR)) throw new IllegalStateException(builder.getResults().toString());
    KieSession session = services.newKieContainer(builder.getKieModule().getReleaseId()).newKieSession();
    Hits hits = new Hits();
    session.setGlobal("hits", hits);

    System.out.println("ready");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null;) {
      String[] words = line.split(" ");
      int n = Math.min(Integer.parseInt(words[1]), count);
      long matches = 0;
      ByteBuffer sets = ByteBuffer.allocate(words[0].equals("sets") ? 256 << 20 : 0).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < n; ++i) {
        hits.count = 0;
        FactHandle fact = session.insert(new Row(values, i * width));
        session.fireAllRules();
        session.delete(fact);
        matches += hits.count;
        if (sets.capacity() == 0) continue;
        Arrays.sort(hits.ids, 0, hits.count);
        sets.putInt(hits.count);
        for (int h = 0; h < hits.count; ++h) sets.putInt(hits.ids[h]);
      }
      if (sets.capacity() > 0) Files.write(Path.of(words[2]), Arrays.copyOf(sets.array(), sets.position()));
      System.out.println("done " + matches);
    }
  }
}
