import kotlin.system.exitProcess

fun depth(n: Int): Int = if (n == 0) 0 else 1 + depth(n - 1)

fun main() {
    val input = System.`in`.bufferedReader()
    when (input.readLine()) {
        "sum" -> {
            val out = StringBuilder()
            input.forEachLine { line -> out.append(line.split(' ').map { it.toInt() }.sum()).append('\n') }
            print(out)
        }
        "deep" -> println(depth(50000))
        "fail" -> exitProcess(3)
        "loop" -> while (true) { }
        else -> { val kept = ArrayList<IntArray>(); while (true) kept.add(IntArray(100000)) }
    }
}
