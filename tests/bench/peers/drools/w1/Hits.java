package w1;

/** The rules that fired for a row. */
public final class Hits {
  int count;
  final int[] ids = new int[1 << 20];

  public void add(int id) { ids[count++] = id; }
}
